import type { FaultWork } from '../../src/api/index.ts';

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
