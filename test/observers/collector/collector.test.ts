import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type Collector,
  type CollectorCounters,
  type CollectorOptions,
  createDatagramWalker,
  type NetworkCrossing,
  openCollector,
  type ThreadOptions,
} from '../../../src/observers/index.ts';
import { datagram, words, zeros } from '../sflow/build.ts';
import { payloadsOf, recordingNames } from '../sflow/recordings.ts';
import { emptyView, orders, subscription } from './orders.ts';
import { sendDatagrams } from './send-datagrams.ts';

// A thread that compiles its sources takes seconds to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });
const patience = { timeout: 30_000 };
const program = new URL('./fake-worker.ts', import.meta.url);

let open: Collector[] = [];
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'squall-collector-'));
});
afterEach(async () => {
  await Promise.all(open.map(({ close }) => close()));
  open = [];
  rmSync(folder, { recursive: true });
});

async function start(options: CollectorOptions = {}, thread: ThreadOptions = {}): Promise<Collector> {
  const collector = await openCollector(
    { host: '127.0.0.1', port: 0, ...options },
    { program, requestTimeoutMs: 30_000, ...thread },
  );
  open.push(collector);
  return collector;
}

/** Resolves when so many datagrams have come, or were dropped by the kernel. */
async function countersAfter(collector: Collector, datagrams: number): Promise<CollectorCounters> {
  let counters = await collector.counters();
  await expect
    .poll(async () => {
      counters = await collector.counters();
      return counters.datagrams + (counters.kernelDrops ?? 0);
    }, patience)
    .toBe(datagrams);
  return counters;
}

describe('a collector', () => {
  it('receives what recorded exporters have sent', async () => {
    const payloads = (await Promise.all(recordingNames.map((name) => payloadsOf(name, 'bin')))).flat();
    const collector = await start();
    await sendDatagrams(collector.address, payloads);
    const counters = await countersAfter(collector, payloads.length);
    expect(counters).toMatchObject({
      datagrams: payloads.length,
      bytes: payloads.reduce((sum, { length }) => sum + length, 0),
      rejected: { source: 0, tooLong: 0, rate: 0 },
      kernelDrops: 0,
      engine: { datagrams: payloads.length, problems: {}, ...samplesIn(payloads) },
    });
  });

  it('goes on after what cannot be decoded, and counts it by reason', async () => {
    const collector = await start({ mostDatagramBytes: 1400 });
    const whole = datagram([]);
    const sent = [
      zeros(0),
      whole.slice(0, 20),
      words(4, 1, 0, 0, 0, 0, 0),
      words(2, 1, 0, 0, 0, 0, 0),
      words(5, 7, 0, 0, 0, 0, 0),
      datagram([], undefined, 1000),
      zeros(1401),
      zeros(65_507),
      whole,
    ];
    await sendDatagrams(collector.address, sent);
    expect(await countersAfter(collector, sent.length)).toMatchObject({
      rejected: { source: 0, tooLong: 2, rate: 0 },
      engine: {
        datagrams: 7,
        problems: { HeaderTooShort: 2, UnsupportedVersion: 2, UnknownAddressType: 1, MissingSamples: 1 },
      },
    });
  });

  it('decodes nothing of sources that are not in the allow-list, and names the last', async () => {
    const collector = await start({ host: '0.0.0.0', allow: ['127.0.0.2/32'] });
    const { port } = collector.address;
    await sendDatagrams(
      { host: '127.0.0.1', port },
      Array.from({ length: 20 }, () => datagram([])),
      '127.0.0.2',
    );
    await sendDatagrams(
      { host: '127.0.0.1', port },
      Array.from({ length: 30 }, () => datagram([])),
      '127.0.0.1',
    );
    const counters = await countersAfter(collector, 50);
    expect(counters).toMatchObject({ rejected: { source: 30 }, lastRejectedSource: '127.0.0.1', engine: { datagrams: 20 } });
    expect(collector.warnings.map(({ reason }) => reason)).not.toContain('AnySource');
  });

  it('warns where anybody may send, and where the kernel caps the receive buffer', async () => {
    const collector = await start({ host: '0.0.0.0', receiveBufferBytes: 2 ** 30 - 1 });
    const { askedBytes, grantedBytes } = collector.receiveBuffer;
    const expected = grantedBytes < askedBytes ? ['ReceiveBufferCapped', 'AnySource'] : ['AnySource'];
    expect(collector.warnings.map(({ reason }) => reason)).toEqual(expected);
  });

  it('counts what the kernel drops while its thread is held up, and says meanwhile that nothing can be said', async () => {
    const collector = await start({ receiveBufferBytes: 4096 }, { requestTimeoutMs: 300 });
    const file = join(folder, 'go-on');
    const silent = { code: 'Unavailable', message: expect.stringContaining('CollectorSilent') as string };
    await expect(collector.remove(`${orders.waitFor} ${file}`)).rejects.toMatchObject(silent);
    const sent = Array.from({ length: 1000 }, () => datagram([]));
    await sendDatagrams(collector.address, sent);
    await expect(collector.view('shop/retries')).rejects.toMatchObject(silent);
    writeFileSync(file, '');
    await expect.poll(() => collector.counters().catch(() => undefined), patience).toBeDefined();
    const { kernelDrops, engine } = await countersAfter(collector, sent.length);
    expect(kernelDrops).toBeGreaterThan(0);
    expect(engine.datagrams + (kernelDrops ?? 0)).toBe(sent.length);
  });

  it('hands every crossing over, in their order, also those that time decides', async () => {
    const collector = await start();
    const heard: NetworkCrossing[] = [];
    const stop = collector.onCrossing((crossing) => heard.push(crossing));
    await collector.put(subscription('shop/retries'));
    await sendDatagrams(
      collector.address,
      Array.from({ length: 50 }, () => datagram([])),
    );
    await expect
      .poll(() => heard.map(({ eventId }) => eventId), patience)
      .toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    await collector.remove('shop/retries');
    await collector.put(subscription(orders.crossAtTicks));
    await expect
      .poll(() => heard.filter(({ subscription }) => subscription === orders.crossAtTicks).length, patience)
      .toBeGreaterThan(1);
    stop();
    const { pushed, unread } = (await collector.counters()).crossings;
    expect([pushed >= heard.length, unread]).toEqual([true, 0]);
  });

  it('answers what the engine says, and what it refuses is the same error', async () => {
    const limits = { flows: 7 };
    const collector = await start({ limits });
    await expect(collector.put(subscription(orders.refuse))).rejects.toMatchObject({
      code: 'InvalidInput',
      message: 'keys: found none',
    });
    expect(await collector.view('shop/retries')).toBeUndefined();
    await collector.put(subscription('shop/retries'));
    const [first, second] = [await collector.view('shop/retries'), await collector.view('shop/retries')];
    expect(first).toEqual({ ...emptyView, at: first?.at, refused: [] });
    expect(second?.at).toBeGreaterThanOrEqual(first?.at ?? Number.NaN);
    expect(await collector.agents()).toEqual([]);
    const query = { id: 'rest', flow: 'tcp', most: 3, least: 1, mode: 'sum' } as const;
    const [flow] = await collector.activeFlows(query);
    const asked = JSON.parse(flow?.key ?? '') as { query: { nowMs: number } };
    expect(asked).toEqual({ query: { ...query, nowMs: asked.query.nowMs }, limits });
    expect(asked.query.nowMs).toBeGreaterThanOrEqual(second?.at ?? Number.NaN);
  });

  it('fails everything with its reason when its thread dies, and tells it to whoever listens, then and later', async () => {
    const collector = await start();
    const reasons: string[] = [];
    collector.onEnd(({ message }) => reasons.push(message));
    // Whether its last answer still comes is not said.
    await collector.remove(orders.die).catch(() => undefined);
    await expect.poll(() => reasons, patience).toEqual([expect.stringMatching(/has ended: half a datagram was counted/)]);
    collector.onEnd(({ message }) => reasons.push(message));
    expect(reasons).toHaveLength(2);
    await expect(collector.view('shop/retries')).rejects.toMatchObject({ code: 'Unavailable', message: reasons[0] });
    await collector.close();
  });

  it('ends by itself, and not with the process, when it would keep more than it may', async () => {
    const collector = await start({}, { memoryMiB: 64 });
    const reasons: string[] = [];
    collector.onEnd(({ message }) => reasons.push(message));
    await expect(collector.remove(orders.grow)).rejects.toMatchObject({ code: 'Unavailable' });
    await expect.poll(() => reasons, patience).toEqual([expect.stringMatching(/has ended: .*memory limit/)]);
  });

  it('gives its port back when it is closed, says no end of that, and answers nothing any more', async () => {
    const collector = await start();
    let ends = 0;
    collector.onEnd(() => (ends += 1));
    await Promise.all([collector.close(), collector.close()]);
    await start({ port: collector.address.port });
    await expect(collector.counters()).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('closed') as string,
    });
    expect(ends).toBe(0);
  });

  it('closes also where its thread answers nothing', async () => {
    const collector = await start({}, { requestTimeoutMs: 200 });
    await expect(collector.remove(`${orders.waitFor} ${join(folder, 'never')}`)).rejects.toThrow('CollectorSilent');
    await collector.close();
    await start({ port: collector.address.port });
  });

  it('is not opened where its port is in use, nor with options that make no sense', async () => {
    const { address } = await start();
    await expect(start({ port: address.port })).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining(`127.0.0.1:${address.port}: the port is in use`) as string,
    });
    await expect(start({ allow: ['exporters'] })).rejects.toMatchObject({ code: 'InvalidInput' });
  });

  it('is not opened where its thread cannot start, or does not in time', async () => {
    const nowhere = new URL('./there-is-no-such-program.ts', import.meta.url);
    await expect(start({}, { program: nowhere })).rejects.toMatchObject({ code: 'Unavailable' });
    await expect(start({}, { openTimeoutMs: 0 })).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('did not start within 0 ms') as string,
    });
  });
});

function samplesIn(payloads: readonly Uint8Array[]): { flowSamples: number; counterSamples: number } {
  const samples = { flowSamples: 0, counterSamples: 0 };
  const walk = createDatagramWalker({
    datagram: () => undefined,
    flowSample: () => (samples.flowSamples += 1),
    counterSample: () => (samples.counterSamples += 1),
    skippedSample: () => undefined,
  });
  for (const payload of payloads) walk(payload);
  return samples;
}
