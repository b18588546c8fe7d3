import type { NetworkCrossing } from '../../../src/observers/index.ts';

export const crossing = (eventId: number, subscription = 'shop/retries'): NetworkCrossing => ({
  subscription,
  threshold: 'storm',
  flow: '10.0.0.1,10.0.0.2',
  value: 500,
  limit: 100,
  agent: '192.0.2.1',
  dataSource: '2:1000',
  samples: 12,
  errorPercent: 57,
  eventId,
  observerStartedAt: 0,
  at: 0,
});
