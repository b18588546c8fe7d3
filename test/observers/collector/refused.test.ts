import { expect, it, vi } from 'vitest';
import { openCollector } from '../../../src/observers/index.ts';
import { refusedOf } from '../../../src/observers/collector/refused.ts';
import { concat, words } from '../sflow/build.ts';
import { noEngineCounters } from './engine-counters.ts';
import { sendDatagrams } from './send-datagrams.ts';
import { subscriptionOf } from './subscriptions.ts';

// A thread that compiles its sources takes seconds to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const subscription = subscriptionOf();
const base = {
  at: 0,
  datagrams: 9,
  bytes: 900,
  receiveBuffer: { askedBytes: 1, grantedBytes: 1 },
  crossings: { pushed: 0, unread: 0 },
};

it('what was not used is told by reason, and nothing of reasons that were never met', () => {
  const engine = {
    ...noEngineCounters,
    problems: { UnsupportedVersion: 2 },
    refusedRates: 3,
    untrackedDatagrams: 4,
    untrackedSamples: 1,
  };
  expect(refusedOf({ ...base, rejected: { source: 1, tooLong: 0, rate: 0 }, kernelDrops: 5, engine })).toEqual([
    { reason: 'source', count: 1 },
    { reason: 'UnsupportedVersion', count: 2 },
    { reason: 'kernelDrops', count: 5 },
    { reason: 'samplingRate', count: 3 },
    { reason: 'untracked', count: 5 },
  ]);
  expect(refusedOf({ ...base, rejected: { source: 0, tooLong: 0, rate: 0 }, engine: noEngineCounters })).toEqual([]);
});

it('a monitor that hears nothing shows that its exporter is not in the allow-list, or speaks another version', async () => {
  const collector = await openCollector({ host: '127.0.0.1', port: 0, allow: ['127.0.0.1'] });
  try {
    await collector.put(subscription);
    const ofVersion4 = concat(words(4, 1, 0xc0000201, 0, 1, 1, 0));
    await sendDatagrams(collector.address, [ofVersion4, ofVersion4], '127.0.0.2');
    await sendDatagrams(collector.address, [ofVersion4]);
    await expect
      .poll(async () => (await collector.view(subscription.id))?.refused, { timeout: 30_000 })
      .toEqual([
        { reason: 'source', count: 2 },
        { reason: 'UnsupportedVersion', count: 1 },
      ]);
    expect((await collector.view(subscription.id))?.thresholds.map(({ state }) => state)).not.toContain('quiet');
  } finally {
    await collector.close();
  }
});
