import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../../scripts/random.ts';
import { createNetworkEngine, type EngineLimits, type NetworkEngine } from '../../../src/observers/index.ts';
import { concat, words } from '../sflow/build.ts';
import { mutated } from '../sflow/fuzz/mutate.ts';
import { builtDatagrams } from '../sflow/fuzz/seeds.ts';
import { payloadsOf, recordingNames } from '../sflow/recordings.ts';
import { createExporter, play, times } from './exporter.ts';
import { armingOf, busy, subscriptionOf } from './subscriptions.ts';

/** Thousands of datagrams take seconds on a machine that others keep busy. */
const patient = { timeout: 120_000 };
const id = 'shop/traffic';
const narrow: Partial<EngineLimits> = { agents: 8, dataSources: 32, flows: 16, agentsInView: 4 };

/** All that an engine can be asked to do, on flows of every kind of key. */
function watching(limits: Partial<EngineLimits> = {}): NetworkEngine {
  const engine = createNetworkEngine({ startedAt: 0, limits });
  const { flows, thresholds } = subscriptionOf();
  engine.put(
    {
      id,
      flows: [
        ...flows,
        {
          name: 'layers',
          keys: ['stack', 'macsource', 'null:vlan:0', 'null:ipsource.1:none'],
          value: 'bytes',
          smoothingMs: 200,
          top: 9,
        },
        {
          name: 'six',
          keys: ['mask:ip6source:64', 'or:tcpflags:icmptype'],
          value: 'ip6bytes',
          smoothingMs: 2000,
          top: 9,
          filter: 'outputifindex!=discard',
        },
      ],
      thresholds: [
        ...thresholds,
        { ...busy, name: 'gone', condition: 'below' },
        { ...busy, name: 'exempt', exemptTargets: true, flow: 'layers' },
        { ...busy, name: 'relative', timesBaseline: 3, flow: 'six' },
        { ...busy, name: 'smooth', detector: 'ewma', byFlow: true, rearmMs: 0 },
      ],
      armings: [armingOf({ thresholds: ['busy', 'gone', 'exempt', 'relative'], targets: ['10.0.0.1'] })],
    },
    0,
  );
  return engine;
}

function expectBounded(engine: NetworkEngine, nowMs: number): void {
  const { agents, dataSources, flows } = engine.counters(nowMs);
  expect(agents).toBeLessThanOrEqual(narrow.agents ?? 0);
  expect(dataSources).toBeLessThanOrEqual(narrow.dataSources ?? 0);
  expect(flows).toBeLessThanOrEqual(narrow.flows ?? 0);
  const view = engine.view(id, nowMs);
  expect(view?.agents.length).toBeLessThanOrEqual(narrow.agentsInView ?? 0);
  for (const { top } of view?.flows ?? []) expect(top.length).toBeLessThanOrEqual(9);
}

describe('an engine, whatever is sent to it', patient, () => {
  let recorded: Uint8Array[];
  beforeAll(async () => {
    recorded = (await Promise.all(recordingNames.map((name) => payloadsOf(name, 'bin')))).flat();
  });

  it('throws nothing and stays within its limits on recorded datagrams that were damaged', () => {
    const random = seededRandom(3);
    const engine = watching(narrow);
    const seeds = [...recorded, ...builtDatagrams];
    for (let index = 0; index < 4000; index += 1) {
      engine.datagram(mutated(seeds, random), index * 7);
      if (index % 100 === 0) {
        engine.tick(index * 7);
        expectBounded(engine, index * 7);
      }
      if (index === 2000) engine.put({ ...subscriptionOf(), armings: [armingOf({ phase: 'during' })] }, index * 7);
    }
    expectBounded(engine, 28_000);
    expect(engine.counters(28_000)).toMatchObject({ datagrams: 4000 });
  });

  it('throws nothing on any bytes at all', () => {
    const engine = watching(narrow);
    let nowMs = 0;
    const header = fc
      .tuple(fc.constantFrom(1, 2, 3, 4, 5), fc.uint8Array({ maxLength: 120 }))
      .map(([tag, body]) => concat(words(5, 1, 0x0a000001, 0, nowMs, nowMs, 3, tag, body.length), body));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), header), fc.nat(2000), (bytes, laterMs) => {
        nowMs += laterMs;
        engine.datagram(bytes, nowMs);
        expectBounded(engine, nowMs);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it('counts datagrams of other versions, and nothing else of them', () => {
    const engine = watching();
    for (const version of [2, 4, 6]) engine.datagram(concat(words(version, 1, 0xc0000201, 0, 1, 1, 0)), 0);
    engine.datagram(new Uint8Array(3), 0);
    expect(engine.counters(0)).toMatchObject({ datagrams: 4, agents: 0, problems: { UnsupportedVersion: 3, HeaderTooShort: 1 } });
    expect(engine.view(id, 0)?.thresholds[0]).toMatchObject({ state: 'waiting' });
  });

  it('does not let a flood of agents that nobody knows push out one that thresholds rest on', () => {
    const engine = watching({ ...narrow, makeRoomAfterMs: 1000 });
    const exporter = createExporter();
    play(engine, exporter, { fromMs: 0, toMs: 2000, packets: times(3) });
    for (let index = 0; index < 5000; index += 1) {
      const agent = `10.${String(index % 200)}.${String(index >> 8)}.9`;
      engine.datagram(createExporter({ agent }).datagram(0, times(1, { destinationPort: index })), 2000 + index);
    }
    const { agents, untrackedDatagrams } = engine.counters(7000);
    expect(agents).toBe(narrow.agents);
    expect(untrackedDatagrams).toBeGreaterThan(4900);
    expect(engine.agents(7000).map(({ agent }) => agent)).toContain('192.0.2.1');
  });

  it('follows the interfaces of pods that come and go, and says nothing is quiet while it cannot', () => {
    const engine = createNetworkEngine({ startedAt: 0, limits: { ...narrow, makeRoomAfterMs: 1000 } });
    engine.put(subscriptionOf(), 0);
    const exporter = createExporter();
    const state = (nowMs: number) => engine.view(id, nowMs)?.thresholds.find(({ name }) => name === 'busy');
    for (let pod = 0; pod < 500; pod += 1) {
      play(engine, exporter, { fromMs: pod * 200, toMs: pod * 200 + 200, packets: times(3, { from: pod }) });
    }
    expect(engine.counters(100_000)).toMatchObject({ untrackedSamples: 0, dataSources: narrow.dataSources });
    expect(state(100_000)).toMatchObject({ state: 'quiet' });
    // A burst of forged ones: what comes besides is not seen.
    const forged = Array.from({ length: 60 }, (_, index) => ({ from: 1000 + index }));
    engine.datagram(exporter.datagram(100_000, forged), 100_000);
    expect(engine.counters(100_000).untrackedSamples).toBeGreaterThan(0);
    expect(state(100_000)).toMatchObject({ state: 'undecidable' });
    expect(state(100_000)?.message).toMatch(/no room/);
    expect(play(engine, exporter, { fromMs: 100_100, toMs: 161_000, packets: times(3, { from: 2000 }) })).toEqual([]);
    expect(engine.view(id, 161_000)?.flows[0]?.top[0]?.dataSource).toBe('2:2000');
    expect(state(163_000)).toMatchObject({ state: 'quiet' });
  });

  it('does not count twice what an exporter sends twice', () => {
    const engine = createNetworkEngine({ startedAt: 0 });
    engine.put(subscriptionOf(), 0);
    const exporter = createExporter();
    for (let atMs = 0; atMs < 20_000; atMs += 100) {
      const bytes = exporter.datagram(atMs, times(6), { counters: atMs % 5000 === 0 });
      for (let copy = 0; copy < 2; copy += 1) expect(engine.datagram(bytes, atMs)).toEqual([]);
    }
    expect(engine.counters(20_000)).toMatchObject({ datagrams: 400, duplicateDatagrams: 200 });
    expect(engine.agents(20_000)).toMatchObject([{ datagrams: 200, late: 0, lost: 0 }]);
    expect(engine.view(id, 19_900)?.flows[0]?.top[0]?.value).toBeCloseTo(480, -2);
  });

  it('shares one room among the flows of all subscriptions, and refuses more than it can share it among', () => {
    const engine = createNetworkEngine({ startedAt: 0, limits: { flows: 60, runningFlows: 3 } });
    for (const name of ['a', 'b', 'c']) engine.put({ ...subscriptionOf(), id: name }, 0);
    const exporter = createExporter();
    for (let index = 0; index < 200; index += 1) {
      engine.datagram(exporter.datagram(index, times(1, { source: `10.0.1.${String(index)}` })), index);
    }
    expect(engine.counters(200)).toMatchObject({ flows: 60 });
    const put =
      (more: string, given = subscriptionOf()) =>
      () => {
        engine.put({ ...given, id: more }, 200);
      };
    expect(put('d')).toThrow(/subscription 'd': found 4 flows .*; expected at most 3/);
    const exempting = subscriptionOf({ exemptTargets: true }, { armings: [armingOf()] });
    expect(put('a', exempting)).toThrow(/found 4 flows/);
    engine.remove('c');
    expect(put('a', exempting)).not.toThrow();
  });

  it('gives room to a new agent where one has been silent that nothing rests on', () => {
    const engine = createNetworkEngine({ startedAt: 0, limits: { agents: 1, makeRoomAfterMs: 1000 } });
    const [one, other] = [createExporter({ agent: '10.0.0.1' }), createExporter({ agent: '10.0.0.2' })];
    engine.datagram(one.datagram(0, []), 0);
    engine.datagram(other.datagram(0, []), 1000);
    expect(engine.counters(1000)).toMatchObject({ agents: 1, untrackedDatagrams: 1 });
    engine.datagram(other.datagram(0, []), 1001);
    expect(engine.agents(1001)).toMatchObject([{ agent: '10.0.0.2' }]);
  });

  it.each([0, 2 ** 20 + 1, 2 ** 32 - 1])(
    'neither alarms at one forged sample of a rate of %d, nor is blinded by it',
    (samplingRate) => {
      const engine = watching();
      const exporter = createExporter();
      play(engine, exporter, { fromMs: 0, toMs: 5000, packets: times(3) });
      expect(engine.datagram(exporter.datagram(5000, times(1, { samplingRate })), 5000)).toEqual([]);
      expect(engine.counters(5000)).toMatchObject({ refusedRates: 1 });
      expect(engine.view(id, 5000)?.thresholds[0]).toMatchObject({ state: 'quiet' });
      const crossings = play(engine, exporter, { fromMs: 5100, toMs: 7000, packets: times(20) });
      expect(crossings.map(({ threshold }) => threshold)).toContain('busy');
    },
  );

  it('does not count the bytes of a frame that no link carries', () => {
    const engine = watching();
    engine.datagram(createExporter().datagram(0, times(1, { frameLength: 0xffffffff })), 0);
    expect(engine.counters(0)).toMatchObject({ refusedLengths: 1, flows: 0 });
  });
});
