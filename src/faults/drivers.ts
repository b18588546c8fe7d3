/** What acts on packets. Where a kernel has no netem, htb with a filter by chance loses packets, and a token bucket slows them down. */
import type { Capability, Direction, Driver, DriverWay, Fault } from '../api/index.ts';
import { SquallError } from '../lib/index.ts';
import type { Impairment } from './impairment.ts';

/** Without netem nothing can hold a packet for a time, change it or send it twice; and chance has no memory, so that nothing is lost in bursts. */
export function needsNetem(impairment: Impairment): boolean {
  const { delayMs, jitterMs, loss, corruptPercent, duplicatePercent, reordering, slots } = impairment;
  const holds = delayMs > 0 || jitterMs > 0 || reordering !== undefined || slots !== undefined;
  return holds || loss.kind === 'burst' || corruptPercent > 0 || duplicatePercent > 0;
}

/** The drivers, best first, and what each needs of a kernel for this fault. */
export function waysOf(fault: Fault, direction: Direction, impairment: Impairment): DriverWay[] {
  const through = (flows: { egress: boolean; ingress: boolean }) => [
    ...(flows.egress || flows.ingress ? (['ifb'] as const) : []),
    ...(flows.ingress ? (['nft-forward-ingress'] as const) : []),
    ...(flows.egress ? (['nft-forward-egress'] as const) : []),
  ];
  const [goesOut, comesIn] = [direction !== 'ingress', direction !== 'egress'];
  return [
    {
      driver: 'netem',
      does: true,
      capabilities: ['netem', 'prio', ...through({ egress: goesOut && fault.type === 'duplicate', ingress: comesIn })],
    },
    {
      driver: 'htb',
      does: !needsNetem(impairment),
      capabilities: [...lossNeeds(impairment), 'tbf', ...through({ egress: goesOut, ingress: comesIn })],
    },
  ];
}

/** Of a fault that it does not do all that it has is asked for, to tell whether it is there. */
function lossNeeds(impairment: Impairment): Capability[] {
  const { loss } = impairment;
  if (needsNetem(impairment)) return ['htb', 'bpf-filter'];
  if (loss.kind === 'none') return [];
  return loss.percent === 100 ? ['htb'] : ['htb', 'bpf-filter'];
}

/** @throws SquallError KernelRefused, NeedsNetem, for what this driver cannot do */
export function checkDriver(driver: Driver, faultId: string, impairment: Impairment): void {
  if (driver === 'netem' || !needsNetem(impairment)) return;
  throw new SquallError(
    'KernelRefused',
    `NeedsNetem: the kernel has no netem (module sch_netem) and prio, without which fault ${faultId} cannot be done, only loss without bursts, partition and rate; load sch_netem and sch_prio, or choose one of those`,
  );
}
