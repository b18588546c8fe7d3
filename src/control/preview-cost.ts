import type { ExpectedTasks } from './plan-run.ts';

/** What a run asks of the store, of nodes and of the network, besides what it does to packets. Rates are per second. */
export type RunCost = {
  /** Written to the store, each with a status of at most one write a second. */
  nodeTasks: number;
  nodes: number;
  /** Of the run's Lease in the store; 0 without a fault. */
  leaseRenewals: number;
  /** Of leases in kernels, of all targets together. */
  kernelRenewals: number;
  /** Packets that are sent to measure. */
  probes: number;
};

/** Leases are renewed so often within one of them. */
const renewalsPerLease = 3;

/** Pure. */
export function costOf({ preflight, probe, fault }: ExpectedTasks): RunCost {
  const all = [...preflight, ...probe, ...fault];
  const leaseSeconds = fault[0]?.spec.lease.seconds;
  const perSecond = leaseSeconds === undefined ? 0 : renewalsPerLease / leaseSeconds;
  const targets = fault.reduce((sum, { spec }) => sum + spec.targets.length, 0);
  const streams = probe.flatMap(({ spec }) => spec.probe?.streams ?? []);
  return {
    nodeTasks: all.length,
    nodes: new Set(all.map(({ spec }) => spec.node)).size,
    leaseRenewals: rounded(perSecond),
    kernelRenewals: rounded(perSecond * targets),
    probes: rounded(streams.reduce((sum, { periodMs }) => sum + 1000 / periodMs, 0)),
  };
}

function rounded(perSecond: number): number {
  return Math.round(perSecond * 1000) / 1000;
}
