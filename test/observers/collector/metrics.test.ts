import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type CollectorCounters, collectorMetrics } from '../../../src/observers/index.ts';
import { noEngineCounters } from './engine-counters.ts';

const counters: CollectorCounters = {
  at: 0,
  datagrams: 100,
  bytes: 140_000,
  rejected: { source: 1, tooLong: 2, rate: 3 },
  kernelDrops: 4,
  receiveBuffer: { askedBytes: 4_194_304, grantedBytes: 212_992 },
  crossings: { pushed: 5, unread: 6 },
  engine: {
    ...noEngineCounters,
    problems: { HeaderTooShort: 7 },
    duplicateDatagrams: 21,
    untrackedDatagrams: 8,
    flowSamples: 9,
    counterSamples: 10,
    discardSamples: 11,
    skippedSamples: 12,
    untrackedSamples: 13,
    refusedRates: 14,
    refusedLengths: 15,
    evictedFlows: 16,
    agents: 17,
    dataSources: 18,
    flows: 19,
    subscriptions: 20,
  },
};

const valuesOf = (given: CollectorCounters): Record<string, number> =>
  Object.fromEntries(
    collectorMetrics.flatMap(({ name, series }) =>
      series(given).map(({ labels, value }) => [[name, ...Object.values(labels)].join(' '), value]),
    ),
  );

describe('the metrics of a collector', () => {
  it('say each of its counters', () => {
    expect(valuesOf(counters)).toEqual({
      squall_collector_datagrams_total: 100,
      squall_collector_bytes_total: 140_000,
      'squall_collector_rejected_datagrams_total source': 1,
      'squall_collector_rejected_datagrams_total tooLong': 2,
      'squall_collector_rejected_datagrams_total rate': 3,
      'squall_collector_malformed_datagrams_total HeaderTooShort': 7,
      squall_collector_duplicate_datagrams_total: 21,
      squall_collector_untracked_datagrams_total: 8,
      'squall_collector_samples_total flow': 9,
      'squall_collector_samples_total counters': 10,
      'squall_collector_samples_total discard': 11,
      'squall_collector_samples_total skipped': 12,
      squall_collector_untracked_samples_total: 13,
      'squall_collector_refused_samples_total rate': 14,
      'squall_collector_refused_samples_total length': 15,
      squall_collector_evicted_flows_total: 16,
      squall_collector_kernel_drops_total: 4,
      squall_collector_crossings_total: 5,
      squall_collector_unread_crossings_total: 6,
      squall_collector_agents: 17,
      squall_collector_data_sources: 18,
      squall_collector_flows: 19,
      squall_collector_subscriptions: 20,
      squall_collector_receive_buffer_bytes: 212_992,
      squall_collector_receive_buffer_asked_bytes: 4_194_304,
    });
  });

  it('do not say that the kernel drops nothing where it does not tell', () => {
    expect(Object.keys(valuesOf({ ...counters, kernelDrops: undefined }))).not.toContain('squall_collector_kernel_drops_total');
  });

  it('have exactly the labels that they announce', () => {
    for (const { labelNames, series } of collectorMetrics) {
      for (const { labels } of series(counters)) expect(Object.keys(labels)).toEqual(labelNames);
    }
  });

  it('are listed in docs/sflow-collector.md, and no other', () => {
    const page = readFileSync(new URL('../../../docs/sflow-collector.md', import.meta.url), 'utf8');
    const listed = [...page.matchAll(/^\| `(squall_collector_\w+)` +\| (\w+) +\|/gm)].map(([, name, type]) => `${name} ${type}`);
    expect(listed).toEqual(collectorMetrics.map(({ name, type }) => `${name} ${type}`));
  });
});
