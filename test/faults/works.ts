/** Fault works as tests need them. */
import type { Fault, FaultWork } from '../../src/api/index.ts';
import { planTarget, type TargetFacts, type TargetPlan } from '../../src/faults/index.ts';

export const delay = (delayMs: number, jitterMs = 0): Fault => ({ type: 'delay', delayMs, jitterMs, distribution: 'uniform' });
export const loss = (percent: number, burst = 1): Fault => ({ type: 'loss', percent, burst });
export const corrupt = (percent: number): Fault => ({ type: 'corrupt', percent });
export const duplicate = (percent: number): Fault => ({ type: 'duplicate', percent });
export const reorder = (percent: number, delayMs: number, gap = 1): Fault => ({ type: 'reorder', percent, delayMs, gap });
export const rate = (bitsPerSecond: number, latencyMs = 50): Fault => ({ type: 'rate', bitsPerSecond, latencyMs });
export const slot = (minMs: number, maxMs: number): Fault => ({ type: 'slot', minMs, maxMs });
export const partition: Fault = { type: 'partition' };

export function work(id: string, effect: Fault, more: Partial<FaultWork> = {}): FaultWork {
  return { id, device: 'eth0', direction: 'egress', effect, peers: 'all', excluded: [], dosePeers: {}, exposure: [], ...more };
}

export function plan(works: readonly FaultWork[], more: Partial<TargetFacts> = {}): TargetPlan {
  return planTarget({
    instance: '0123abcd',
    podUid: 'pod',
    driver: 'netem',
    egress: { eth0: 'own-root', eth1: 'own-root' },
    works,
    bands: {},
    mtu: { eth0: 1500, eth1: 9000 },
    gatePriority: 300,
    deviceGatePriority: 300,
    ...more,
  });
}

/** A peer at one port. */
export const at = (port: number) => ({ ipv4: ['10.0.0.1'], ipv6: [], ports: { first: port, last: port } });
export const ranges = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ first: 10 * index + 1, last: 10 * index + 2 }));
/** Faults that no packet can be of two of. */
export const disjoint = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    work(`f${String(index)}`, delay(10), { peers: { ipv4: [`10.0.0.${String(index)}`], ipv6: [] } }),
  );
