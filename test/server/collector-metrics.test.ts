import { describe, expect, it } from 'vitest';
import { SquallError } from '../../src/lib/index.ts';
import type { CollectorCounters } from '../../src/observers/index.ts';
import { createMetrics, createObserverMetrics } from '../../src/server/index.ts';

const counters: CollectorCounters = {
  at: 1_700_000_000_000,
  datagrams: 7,
  bytes: 900,
  rejected: { source: 2, tooLong: 0, rate: 1 },
  receiveBuffer: { askedBytes: 8_388_608, grantedBytes: 212_992 },
  crossings: { pushed: 3, unread: 0 },
  engine: {
    ...{
      datagrams: 4,
      problems: {},
      duplicateDatagrams: 0,
      untrackedDatagrams: 0,
      untrackedSamples: 0,
      flowSamples: 20,
      counterSamples: 1,
    },
    ...{ discardSamples: 0, skippedSamples: 0, refusedRates: 0, refusedLengths: 0, evictedFlows: 0, crossings: 0 },
    ...{ agents: 1, dataSources: 2, flows: 3, subscriptions: 1 },
  },
};

const samplesOf = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('squall_collector_'));

describe("a collector's metrics", () => {
  it('are what it has counted at the moment of the scrape, asked for once', async () => {
    let asked = 0;
    const metrics = createMetrics('0');
    metrics.showCollector(async () => {
      asked += 1;
      return await Promise.resolve({ ...counters, datagrams: asked });
    });
    const first = samplesOf(await metrics.text());
    expect(first).toContain('squall_collector_datagrams_total 1');
    expect(first).toContain('squall_collector_rejected_datagrams_total{reason="source"} 2');
    expect(first).toContain('squall_collector_receive_buffer_bytes 212992');
    expect(first.some((line) => line.startsWith('squall_collector_kernel_drops_total'))).toBe(false);
    expect(samplesOf(await metrics.text())).toContain('squall_collector_datagrams_total 2');
  });

  it.each([
    ['there is none', () => Promise.resolve(undefined)],
    ['it does not answer', () => Promise.reject(new SquallError('Unavailable', 'the sFlow collector has ended'))],
  ])('are absent, and not 0, while %s', async (_what, read) => {
    const metrics = createObserverMetrics('1.2.3', () => ({ residentBytes: 1, cpuSeconds: 2 }), read);
    const text = await metrics.text();
    expect(samplesOf(text)).toEqual([]);
    expect(text).toContain('squall_process_resident_memory_bytes{process="observer"} 1');
  });

  it('stand beside what the observer counts itself', async () => {
    const metrics = createObserverMetrics(
      '1.2.3',
      () => undefined,
      () => Promise.resolve(counters),
    );
    metrics.reconcileFailed('Conflict');
    metrics.watchFailed('networkmonitors', 'Expired');
    const text = await metrics.text();
    expect(text).toContain('squall_observer_reconcile_errors_total{code="Conflict"} 1');
    expect(text).toContain('squall_observer_watch_failures_total{resource="networkmonitors",code="Expired"} 1');
    expect(text).toContain('squall_collector_data_sources 2');
  });
});
