import type { Subscription, SubscriptionView } from '../../../src/observers/index.ts';

/** Ids of subscriptions by which a test tells the fake engine what to do. */
export const orders = {
  crossAtTicks: 'cross at ticks',
  refuse: 'refuse',
  die: 'die',
  /** The thread keeps ever more. */
  grow: 'grow',
  /** Followed by a file: the thread does nothing until that is there. */
  waitFor: 'wait-for',
} as const;

export const subscription = (id: string): Subscription => ({ id, flows: [], thresholds: [], armings: [] });

export const emptyView: SubscriptionView = { at: 0, agents: [], flows: [], thresholds: [], armings: [], traffic: [] };
