/** The faults that can be planned, by type. A fault of a later part is refused by name, never ignored. */
import type { Fault, PreflightCheck } from '../api/index.ts';
import { SquallError } from '../lib/index.ts';
import { delayPlanner } from './delay.ts';
import type { Impairment } from './impairment.ts';
import { lossPlanner } from './loss.ts';

const needsOfAll: readonly PreflightCheck[] = [
  { check: 'tool', tool: 'tc' },
  { check: 'tool', tool: 'nft' },
  { check: 'tool', tool: 'ip' },
  { check: 'tool', tool: 'nsenter' },
  { check: 'tool', tool: 'setpriv' },
  { check: 'capability', capability: 'netem' },
  { check: 'capability', capability: 'prio' },
  { check: 'capability', capability: 'nft-set-timeout' },
  { check: 'capability', capability: 'nft-set-priority' },
];

function notBuilt(fault: Fault): never {
  throw new SquallError('NotImplemented', `fault.type: '${fault.type}' cannot be applied yet; delay and loss can`);
}

export function impairmentOf(fault: Fault): Impairment {
  if (fault.type === 'delay') return delayPlanner.impairment(fault);
  if (fault.type === 'loss') return lossPlanner.impairment(fault);
  return notBuilt(fault);
}

/** What must be true of a node before this fault is tried on it. @throws SquallError NotImplemented */
export function requirements(fault: Fault): PreflightCheck[] {
  if (fault.type === 'delay') return [...needsOfAll, ...delayPlanner.requirements(fault)];
  if (fault.type === 'loss') return [...needsOfAll, ...lossPlanner.requirements(fault)];
  return notBuilt(fault);
}

/** A fault in a few words, as reports name it: `delay 200ms`, `delay 50ms jitter 5ms normal`, `loss 10% burst 3`. */
export function describeFault(fault: Fault): string {
  if (fault.type === 'delay') return delayPlanner.describe(fault);
  if (fault.type === 'loss') return lossPlanner.describe(fault);
  return fault.type;
}
