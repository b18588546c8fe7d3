import type { CollectorCounters } from '../../../src/observers/index.ts';

export const noEngineCounters: CollectorCounters['engine'] = {
  datagrams: 0,
  problems: {},
  duplicateDatagrams: 0,
  untrackedDatagrams: 0,
  untrackedSamples: 0,
  flowSamples: 0,
  counterSamples: 0,
  discardSamples: 0,
  skippedSamples: 0,
  refusedRates: 0,
  refusedLengths: 0,
  evictedFlows: 0,
  crossings: 0,
  agents: 0,
  dataSources: 0,
  flows: 0,
  subscriptions: 0,
};
