import type { Arming, Subscription, WatchedFlow, WatchedThreshold } from '../../../src/observers/index.ts';

export const pairs: WatchedFlow = {
  name: 'pairs',
  keys: ['ipsource', 'ipdestination'],
  value: 'frames',
  smoothingMs: 2000,
  top: 5,
};

/** At one packet of 8 a threshold of 640 frames a second rests on 320 samples. */
export const busy: WatchedThreshold = {
  name: 'busy',
  flow: 'pairs',
  value: 640,
  detector: 'cusum',
  condition: 'above',
  rearmMs: 5000,
  byFlow: false,
  exemptTargets: false,
};

export const armingOf = (given: Partial<Arming> = {}): Arming => ({
  run: 'run-1',
  thresholds: ['busy'],
  phase: 'before',
  targets: [],
  ...given,
});

export function subscriptionOf(
  threshold: Partial<WatchedThreshold> = {},
  { armings = [], flow = {} }: { armings?: Arming[]; flow?: Partial<WatchedFlow> } = {},
): Subscription {
  return { id: 'shop/traffic', flows: [{ ...pairs, ...flow }], thresholds: [{ ...busy, ...threshold }], armings };
}
