/** The faults by type. */
import type { Direction, Fault, PreflightCheck } from '../api/index.ts';
import { corruptPlanner } from './corrupt.ts';
import { delayPlanner } from './delay.ts';
import { needsNetem, waysOf } from './drivers.ts';
import { duplicatePlanner } from './duplicate.ts';
import type { FaultPlanner } from './fault-planner.ts';
import { type Impairment, longestDelayMs } from './impairment.ts';
import { lossPlanner } from './loss.ts';
import { partitionPlanner } from './partition.ts';
import { ratePlanner } from './rate.ts';
import { reorderPlanner } from './reorder.ts';
import { slotPlanner } from './slot.ts';

const needsOfAll: readonly PreflightCheck[] = [
  { check: 'tool', tool: 'tc' },
  { check: 'tool', tool: 'nft' },
  { check: 'tool', tool: 'ip' },
  { check: 'tool', tool: 'nsenter' },
  { check: 'tool', tool: 'setpriv' },
  { check: 'capability', capability: 'nft-set-timeout' },
  { check: 'capability', capability: 'nft-set-priority' },
];

type Planners = { [Type in Fault['type']]: FaultPlanner<Extract<Fault, { type: Type }>> };

const planners: Planners = {
  delay: delayPlanner,
  loss: lossPlanner,
  duplicate: duplicatePlanner,
  corrupt: corruptPlanner,
  reorder: reorderPlanner,
  rate: ratePlanner,
  slot: slotPlanner,
  partition: partitionPlanner,
};

const plannerOf = (fault: Fault): FaultPlanner<Fault> => planners[fault.type];

/** @throws SquallError InvalidInput when the figures contradict each other */
export function impairmentOf(fault: Fault): Impairment {
  return plannerOf(fault).impairment(fault);
}

/** The longest that it holds a packet back, in milliseconds. */
export const longestHoldMs = (fault: Fault): number => longestDelayMs(impairmentOf(fault));

/** Whether no other driver does it. */
export const onlyNetemDoes = (fault: Fault): boolean => needsNetem(impairmentOf(fault));

/** What must be true of a node before this fault is tried on it. */
export function requirements(fault: Fault, direction: Direction): PreflightCheck[] {
  const ways = waysOf(fault, direction, impairmentOf(fault));
  return [...needsOfAll, ...plannerOf(fault).requirements(fault), { check: 'driver', ways }];
}

/** A fault in a few words, as reports name it: `delay 200ms`, `delay 50ms jitter 5ms normal`, `loss 10% burst 3`. */
export function describeFault(fault: Fault): string {
  return plannerOf(fault).describe(fault);
}
