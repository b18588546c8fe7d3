import type { Driver, FaultWork } from '../../src/api/index.ts';

/** The fault that is measured: the plainest there is. */
export const benchFault: FaultWork = {
  id: 'bench',
  device: 'eth0',
  direction: 'egress',
  effect: { type: 'delay', delayMs: 100, jitterMs: 0, distribution: 'uniform' },
  peers: 'all',
  excluded: [],
  dosePeers: {},
  exposure: [],
};

/** A fault, and the driver that it is planned for. */
export type ActingFault = { work: FaultWork; driver: Driver };

/** The plainest for real: without netem nothing can be delayed, but lost. */
export const actingFault = (netem: boolean): ActingFault =>
  netem
    ? { work: benchFault, driver: 'netem' }
    : { work: { ...benchFault, effect: { type: 'loss', percent: 10, burst: 1 } }, driver: 'htb' };
