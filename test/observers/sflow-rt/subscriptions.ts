import type { Subscription, WatchedFlow, WatchedThreshold } from '../../../src/observers/index.ts';

export const tcpFlow: WatchedFlow = {
  name: 'tcp',
  keys: ['ipsource', 'ipdestination'],
  value: 'frames',
  smoothingMs: 200,
  top: 5,
};

export const ddos: WatchedThreshold = {
  name: 'ddos',
  flow: 'tcp',
  value: 100,
  detector: 'ewma',
  condition: 'above',
  rearmMs: 300,
  byFlow: false,
  exemptTargets: false,
};

export const traffic: Subscription = { id: 'shop/traffic', flows: [tcpFlow], thresholds: [ddos], armings: [] };
