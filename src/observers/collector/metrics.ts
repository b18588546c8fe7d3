/** What a collector counts, as series for Prometheus. Who serves metrics registers each once and reads `series` at each scrape. */
import type { CollectorCounters } from './counters.ts';

export type MetricSeries = { labels: Record<string, string>; value: number };

export type CollectorMetric = {
  name: string;
  type: 'counter' | 'gauge';
  help: string;
  labelNames: readonly string[];
  /** None where it is not known. */
  series: (counters: CollectorCounters) => MetricSeries[];
};

const one = (value: number): MetricSeries[] => [{ labels: {}, value }];

const byReason = (counts: Readonly<Record<string, number>>): MetricSeries[] =>
  Object.entries(counts).map(([reason, value]) => ({ labels: { reason }, value }));

const samplesByKind: CollectorMetric['series'] = ({ engine }) => {
  const { flowSamples: flow, counterSamples: counters, discardSamples: discard, skippedSamples: skipped } = engine;
  return Object.entries({ flow, counters, discard, skipped }).map(([kind, value]) => ({ labels: { kind }, value }));
};

const refusedByReason: CollectorMetric['series'] = ({ engine: { refusedRates: rate, refusedLengths: length } }) =>
  byReason({ rate, length });

const counter = (
  name: string,
  help: string,
  series: CollectorMetric['series'],
  labelNames: readonly string[] = [],
): CollectorMetric => ({ name: `squall_collector_${name}_total`, type: 'counter', help, labelNames, series });

const gauge = (name: string, help: string, series: CollectorMetric['series']): CollectorMetric => ({
  name: `squall_collector_${name}`,
  type: 'gauge',
  help,
  labelNames: [],
  series,
});

/** docs/sflow-collector.md lists them, and a test compares the two. No label holds what a datagram says: anybody can send many. */
export const collectorMetrics: readonly CollectorMetric[] = [
  counter('datagrams', 'sFlow datagrams received, rejected ones included.', ({ datagrams }) => one(datagrams)),
  counter('bytes', 'Bytes of these datagrams.', ({ bytes }) => one(bytes)),
  counter(
    'rejected_datagrams',
    'Datagrams that were not decoded, by reason: source, tooLong, rate.',
    ({ rejected }) => byReason(rejected),
    ['reason'],
  ),
  counter(
    'malformed_datagrams',
    'Datagrams that could not be decoded whole, by reason.',
    ({ engine }) => byReason(engine.problems),
    ['reason'],
  ),
  counter('duplicate_datagrams', 'Datagrams that had come before, which are left out.', ({ engine }) =>
    one(engine.duplicateDatagrams),
  ),
  counter('untracked_datagrams', 'Datagrams of agents for which there is no room.', ({ engine }) =>
    one(engine.untrackedDatagrams),
  ),
  counter('samples', 'Samples that were decoded, by kind; skipped ones are of kinds that are not.', samplesByKind, ['kind']),
  counter('untracked_samples', 'Samples of data sources for which there is no room.', ({ engine }) =>
    one(engine.untrackedSamples),
  ),
  counter('refused_samples', 'Flow samples that were not believed, by reason: rate, length.', refusedByReason, ['reason']),
  counter('evicted_flows', 'Flows that left because there was no room.', ({ engine }) => one(engine.evictedFlows)),
  counter(
    'kernel_drops',
    'Datagrams that the kernel dropped for want of room; absent where it does not say.',
    ({ kernelDrops }) => (kernelDrops === undefined ? [] : one(kernelDrops)),
  ),
  counter('crossings', 'Crossings of thresholds handed over.', ({ crossings }) => one(crossings.pushed)),
  counter('unread_crossings', 'Crossings not handed over, because nobody took those before.', ({ crossings }) =>
    one(crossings.unread),
  ),
  gauge('agents', 'Agents that are kept.', ({ engine }) => one(engine.agents)),
  gauge('data_sources', 'Data sources that are kept.', ({ engine }) => one(engine.dataSources)),
  gauge('flows', 'Flows that are kept, of all definitions.', ({ engine }) => one(engine.flows)),
  gauge('subscriptions', 'Monitors, and an sFlow-RT client, that have put flows.', ({ engine }) => one(engine.subscriptions)),
  gauge('receive_buffer_bytes', 'Receive buffer that the kernel gave.', ({ receiveBuffer }) => one(receiveBuffer.grantedBytes)),
  gauge('receive_buffer_asked_bytes', 'Receive buffer that was asked for.', ({ receiveBuffer }) => one(receiveBuffer.askedBytes)),
];
