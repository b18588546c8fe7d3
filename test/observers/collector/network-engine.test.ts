import { beforeEach, describe, expect, it } from 'vitest';
import {
  type ArmingView,
  createNetworkEngine,
  type NetworkEngine,
  type SubscriptionView,
  type ThresholdView,
} from '../../../src/observers/index.ts';
import { createExporter, type Exporter, play, times } from './exporter.ts';
import { armingOf, busy, subscriptionOf } from './subscriptions.ts';

const id = 'shop/traffic';
const startedAt = 77;
/** Of each datagram, ten of which come a second, at one packet of 8: 240 and 1600 frames a second. */
const [few, many] = [3, 20];

let engine: NetworkEngine;
let exporter: Exporter;
beforeEach(() => {
  engine = createNetworkEngine({ startedAt });
  exporter = createExporter();
});

function viewAt(nowMs: number): SubscriptionView {
  const view = engine.view(id, nowMs);
  if (view === undefined) throw new Error('expected a view');
  return view;
}

function thresholdAt(nowMs: number): ThresholdView {
  const [threshold] = viewAt(nowMs).thresholds;
  if (threshold === undefined) throw new Error('expected a threshold');
  return threshold;
}

function armingAt(nowMs: number): ArmingView {
  const [arming] = viewAt(nowMs).armings;
  if (arming === undefined) throw new Error('expected an arming');
  return arming;
}

const steady = (fromMs: number, toMs: number, count = few) => play(engine, exporter, { fromMs, toMs, packets: times(count) });

/** Thousands of datagrams take seconds on a machine that others keep busy. */
const patient = { timeout: 120_000 };

describe('a threshold', patient, () => {
  it('waits for a first sample, is quiet, and is crossed by a step, with what decided', () => {
    engine.put(subscriptionOf(), 0);
    expect(thresholdAt(0)).toMatchObject({ state: 'waiting', value: 0, limit: 640 });
    engine.datagram(exporter.datagram(0, [], { counters: true }), 0);
    expect(thresholdAt(0)).toMatchObject({ state: 'waiting' });
    expect(steady(100, 10_000)).toEqual([]);
    expect(thresholdAt(10_000)).toMatchObject({ state: 'quiet', message: '', flow: '10.0.0.1,10.0.0.2' });
    expect(thresholdAt(9900).value).toBeCloseTo(240, -1.5);
    const [crossing, ...others] = steady(10_000, 14_000, many);
    expect(others).toEqual([]);
    expect(crossing).toMatchObject({
      subscription: id,
      threshold: 'busy',
      flow: '10.0.0.1,10.0.0.2',
      limit: 640,
      agent: '192.0.2.1',
      dataSource: '2:1000',
      eventId: 0,
      observerStartedAt: startedAt,
    });
    expect(crossing?.run).toBeUndefined();
    expect(crossing?.at).toBeLessThan(11_000);
    expect(crossing?.samples).toBeGreaterThanOrEqual(10);
    expect(crossing?.errorPercent).toBeCloseTo(196 / Math.sqrt(crossing?.samples ?? NaN), 9);
    expect(thresholdAt(14_000)).toMatchObject({ state: 'firing', lastCrossing: crossing });
  });

  it('fires by the smoothed value with the detector of sFlow-RT', () => {
    engine.put(subscriptionOf({ detector: 'ewma' }), 0);
    steady(0, 10_000);
    const [crossing, ...others] = steady(10_000, 14_000, many);
    expect(others).toEqual([]);
    expect(crossing?.value).toBeGreaterThan(640);
    expect(crossing?.value).toBeLessThan(900);
    // 2 · t · v / N samples are behind a smoothed value.
    expect(crossing?.samples).toBe(Math.round((2 * 2 * (crossing?.value ?? NaN)) / 8));
  });

  it.each(['cusum', 'ewma'] as const)(
    'is armed again when %s has been quiet for so long, and is another event then',
    (detector) => {
      engine.put(subscriptionOf({ detector }), 0);
      const crossings = [...steady(0, 3000, many), ...steady(3000, 15_000), ...steady(15_000, 18_000, many)];
      expect(crossings.map(({ eventId }) => eventId)).toEqual([0, 1]);
      expect(crossings[1]?.at).toBeGreaterThan(15_000);
      expect(thresholdAt(30_000)).toMatchObject({ state: 'quiet', lastCrossing: crossings[1] });
    },
  );

  it.each([
    [false, 1],
    [true, 2],
  ])('makes, with byFlow %s, of two flows over it %d events', (byFlow, events) => {
    engine.put(subscriptionOf({ byFlow }), 0);
    const packets = [...times(many), ...times(many, { source: '10.0.0.9' })];
    expect(play(engine, exporter, { fromMs: 0, toMs: 5000, packets })).toHaveLength(events);
  });

  it('is below when a source has lost its traffic, though its agent lives and sends others', () => {
    engine.put(subscriptionOf({ condition: 'below', value: 200, byFlow: true }), 0);
    expect(steady(0, 20_000, 6)).toEqual([]);
    const [crossing, ...others] = play(engine, exporter, {
      fromMs: 20_000,
      toMs: 24_000,
      packets: times(1, { from: 7, source: '10.0.0.3' }),
    }).filter(({ dataSource }) => dataSource === '2:1000');
    expect(others).toEqual([]);
    expect(crossing).toMatchObject({ dataSource: '2:1000', limit: 200 });
    expect(crossing?.flow).toBeUndefined();
    expect(crossing?.value).toBeLessThan(480);
  });

  it('is below when there is nothing but counters any more, each with a tick', () => {
    engine.put(subscriptionOf({ condition: 'below', value: 200 }), 0);
    steady(0, 20_000, 6);
    const crossings = play(engine, exporter, { fromMs: 20_000, toMs: 30_000, everyMs: 1000, packets: [], pollingMs: 1000 });
    expect(crossings).toHaveLength(1);
    expect(thresholdAt(30_000)).toMatchObject({ state: 'firing' });
    expect(thresholdAt(30_000).value).toBeLessThan(10);
  });

  it('cannot be decided where too few packets are sampled, and says what would do', () => {
    exporter = createExporter({ samplingRate: 1024 });
    engine.put(subscriptionOf(), 0);
    steady(0, 1000, 1);
    expect(thresholdAt(1000)).toMatchObject({ state: 'undecidable', power: { judgement: 'refused' } });
    expect(thresholdAt(1000).message).toContain('sample one packet of 51 or fewer');
  });

  it('warns where decisions are slow, and where datagrams are missing', () => {
    exporter = createExporter({ samplingRate: 64 });
    engine.put(subscriptionOf(), 0);
    for (let atMs = 0; atMs < 5000; atMs += 100) {
      exporter.lose(1);
      engine.datagram(exporter.datagram(atMs, times(1)), atMs);
    }
    expect(thresholdAt(5000)).toMatchObject({ state: 'quiet', power: { judgement: 'warned' } });
    expect(thresholdAt(5000).message).toMatch(
      /at sampling rate 127 rests on 20.2 samples.*; \d+ % of the datagrams of agent 192.0.2.1 are missing/,
    );
  });
});

describe('the silence of an agent', patient, () => {
  it('is a lost signal after two and a half of the polling intervals that it was seen to keep', () => {
    engine.put(subscriptionOf(), 0);
    steady(0, 20_001);
    expect(thresholdAt(20_000 + 12_500)).toMatchObject({ state: 'quiet' });
    expect(thresholdAt(20_000 + 12_501)).toMatchObject({ state: 'lost' });
    expect(thresholdAt(32_501).message).toContain('agent 192.0.2.1 is silent for 13 s, where counters are due every 5.0 s');
    expect(viewAt(32_501).agents).toMatchObject([{ agent: '192.0.2.1', signal: 'lost', pollingMs: 5000, samplingRate: 8 }]);
    steady(40_000, 41_000);
    expect(thresholdAt(41_000)).toMatchObject({ state: 'quiet' });
  });

  it('is judged by the usual interval where it never sent counters', () => {
    engine.put(subscriptionOf(), 0);
    engine.datagram(exporter.datagram(0, times(1)), 0);
    expect(thresholdAt(75_000)).toMatchObject({ state: 'quiet' });
    expect(thresholdAt(75_001)).toMatchObject({ state: 'lost' });
  });

  it('matters only where its samples were of the flows, unless nobody is heard', () => {
    engine.put(subscriptionOf({}, { flow: { filter: 'tcpdestinationport=80' } }), 0);
    const elsewhere = createExporter({ agent: '192.0.2.2' });
    engine.datagram(elsewhere.datagram(0, times(1, { destinationPort: 81 })), 0);
    expect(thresholdAt(80_000)).toMatchObject({ state: 'lost' });
    play(engine, exporter, { fromMs: 80_000, toMs: 81_000, packets: times(few) });
    expect(thresholdAt(81_000)).toMatchObject({ state: 'quiet' });
  });

  it('is never quiet, however long it lasts: who is forgotten is waited for', () => {
    engine.put(subscriptionOf(), 0);
    steady(0, 1000);
    for (let atMs = 1000; atMs < 700_000; atMs += 1000) {
      engine.tick(atMs);
      if (atMs > 100_000) expect(['lost', 'waiting']).toContain(thresholdAt(atMs).state);
    }
    expect(thresholdAt(700_000)).toMatchObject({ state: 'waiting' });
    expect(engine.counters(700_000)).toMatchObject({ agents: 0, dataSources: 0 });
  });

  it('of an agent that was started anew ends no evidence, and crosses nothing', () => {
    engine.put(subscriptionOf({ condition: 'below', value: 200 }), 0);
    steady(0, 10_000, 6);
    const anew = createExporter();
    for (let atMs = 14_000; atMs < 20_000; atMs += 100) {
      expect(engine.datagram(anew.datagram(atMs - 14_000, times(6)), atMs)).toEqual([]);
    }
    expect(viewAt(20_000).agents).toMatchObject([{ restarts: 1, lost: 0, signal: 'good' }]);
  });
});

describe('an arming', patient, () => {
  it('crosses for its run, and keeps that until it is removed', () => {
    const armed = subscriptionOf({}, { armings: [armingOf()] });
    engine.put(armed, 0);
    expect(armingAt(0)).toMatchObject({ run: 'run-1', threshold: 'busy', state: 'waiting', limit: 640 });
    steady(0, 5000);
    expect(armingAt(5000)).toMatchObject({ state: 'quiet' });
    engine.put(subscriptionOf({}, { armings: [armingOf({ phase: 'during' })] }), 5000);
    const crossings = steady(5000, 8000, many);
    expect(crossings.map(({ run }) => run)).toEqual([undefined, 'run-1']);
    steady(8000, 30_000);
    expect(armingAt(30_000)).toMatchObject({ state: 'firing', crossing: crossings[1] });
    engine.put(subscriptionOf(), 30_000);
    expect(viewAt(30_000).armings).toEqual([]);
    engine.put(armed, 30_000);
    expect(armingAt(30_000).crossing).toBeUndefined();
  });

  const relative = { timesBaseline: 2, value: 0 };
  const inPhase = (phase: 'before' | 'during' | 'after') => subscriptionOf(relative, { armings: [armingOf({ phase })] });

  it('learns what is normal before the fault, and is relative to that from then on', () => {
    engine.put(inPhase('before'), 0);
    expect(thresholdAt(0)).toMatchObject({ state: 'waiting' });
    steady(0, 20_000);
    expect(armingAt(20_000)).toMatchObject({ state: 'learning', limit: undefined });
    expect(armingAt(20_000).message).toContain('the baseline has');
    steady(20_000, 40_000);
    expect(armingAt(40_000)).toMatchObject({ state: 'quiet' });
    expect(armingAt(40_000).baseline?.rate).toBeCloseTo(240, -1);
    engine.put(inPhase('during'), 40_000);
    const { limit = NaN } = armingAt(40_000);
    expect(limit).toBeGreaterThan(480);
    expect(limit).toBeLessThan(600);
    const [crossing, ...others] = steady(40_000, 50_000, many);
    expect(others).toEqual([]);
    expect(crossing).toMatchObject({ run: 'run-1', limit });
    // Frozen: what the fault does to the traffic is not learned.
    expect(armingAt(50_000)).toMatchObject({ state: 'firing', limit, crossing });
  });

  it('is relative to each source by itself below, and counts the time in which a flow is quiet', () => {
    const below = { condition: 'below', timesBaseline: 0.5, value: 1e6 } as const;
    const put = (phase: 'before' | 'during', nowMs: number) => {
      engine.put(subscriptionOf(below, { armings: [armingOf({ phase })] }), nowMs);
    };
    put('before', 0);
    const [large, small] = [times(12), times(4, { from: 7, source: '10.0.0.7' })];
    play(engine, exporter, { fromMs: 0, toMs: 60_000, packets: [...large, ...small] });
    put('during', 60_000);
    expect(armingAt(60_000).baseline?.rate).toBeCloseTo(960, -1.5);
    expect(play(engine, exporter, { fromMs: 60_000, toMs: 80_000, packets: [...large, ...small] })).toEqual([]);
    const [crossing, ...others] = play(engine, exporter, { fromMs: 80_000, toMs: 90_000, packets: large });
    expect(others).toEqual([]);
    expect(crossing).toMatchObject({ run: 'run-1', dataSource: '2:7' });
    expect(crossing?.limit).toBeLessThan(160);
  });

  it('cannot decide where too little was learned before the fault, and says what is missing', () => {
    engine.put(inPhase('before'), 0);
    steady(0, 5000);
    engine.put(inPhase('during'), 5000);
    expect(armingAt(5000)).toMatchObject({ state: 'undecidable' });
    expect(armingAt(5000).message).toMatch(/the baseline has 4 s and \d+ samples; expected at least 30 s/);
    expect(thresholdAt(5000)).toMatchObject({ state: 'undecidable' });
  });

  it('leaves out the traffic of the targets, also of those that become known later', () => {
    const put = (targets: string[], nowMs: number) => {
      engine.put(subscriptionOf({ exemptTargets: true }, { armings: [armingOf({ targets })] }), nowMs);
    };
    put([], 0);
    steady(0, 5000);
    put(['10.0.0.2'], 5000);
    const crossings = steady(5000, 10_000, many);
    expect(crossings.map(({ run }) => run)).toEqual([undefined]);
    expect(armingAt(10_000)).toMatchObject({ state: 'quiet' });
    const others = play(engine, exporter, { fromMs: 10_000, toMs: 15_000, packets: times(many, { destination: '10.0.0.3' }) });
    expect(others.map(({ run, flow }) => [run, flow])).toContainEqual(['run-1', '10.0.0.1,10.0.0.3']);
  });

  it('sums up the traffic of the targets of its run by phase', () => {
    const targets = ['10.0.0.2'];
    engine.put(subscriptionOf({}, { armings: [armingOf({ targets })] }), 5);
    engine.datagram(exporter.datagram(0, times(1, { frameLength: 1200 })), 10);
    engine.put(subscriptionOf({}, { armings: [armingOf({ targets, phase: 'during' })] }), 20);
    const [traffic] = viewAt(1020).traffic;
    expect(traffic?.run).toBe('run-1');
    expect(traffic?.traffic.phases).toMatchObject([
      {
        phase: 'before',
        seconds: 0.015,
        targets: { samples: 1, frames: 8, connectionAttempts: 8, source: '192.0.2.1 0 2:1000' },
        others: { samples: 0 },
      },
      { phase: 'during', seconds: 1, targets: { samples: 0 } },
    ]);
  });
});

describe('a subscription that is put again', patient, () => {
  it('goes on where nothing has changed', () => {
    engine.put(subscriptionOf(), 0);
    const crossings = [];
    for (let atMs = 0; atMs < 20_000; atMs += 500) {
      engine.put(subscriptionOf(), atMs);
      crossings.push(...steady(atMs, atMs + 500, many));
    }
    expect(crossings).toHaveLength(1);
    expect(thresholdAt(20_000)).toMatchObject({ state: 'firing', lastCrossing: crossings[0] });
  });

  it('starts anew what has changed', () => {
    engine.put(subscriptionOf(), 0);
    steady(0, 5000, many);
    engine.put(subscriptionOf({ value: 100_000 }), 5000);
    expect(thresholdAt(5000)).toMatchObject({ limit: 100_000, lastCrossing: undefined, state: 'quiet' });
    expect(thresholdAt(5000).value).toBeGreaterThan(640);
    engine.put(subscriptionOf({ value: 100_000 }, { flow: { keys: ['ipsource'] } }), 5000);
    expect(thresholdAt(5000)).toMatchObject({ value: 0 });
    engine.remove(id);
    expect(engine.view(id, 5000)).toBeUndefined();
    expect(engine.counters(5000)).toMatchObject({ subscriptions: 0, flows: 0 });
  });

  it.each([
    ['keys', subscriptionOf({}, { flow: { keys: ['ipsorce'] } }), /flow key 'ipsorce'/],
    ['filter', subscriptionOf({}, { flow: { filter: 'vlan' } }), /filter 'vlan'/],
    ['smoothingMs', subscriptionOf({}, { flow: { smoothingMs: 0 } }), /flow 'pairs', smoothingMs: expected 200 to 600000/],
    ['top', subscriptionOf({}, { flow: { top: 1.5 } }), /top: expected 0 to 100/],
    ['flow', subscriptionOf({ flow: 'other' }), /threshold 'busy', flow 'other': expected the name of one of its flows/],
    ['value', subscriptionOf({ value: NaN }), /value: expected a number of at least 0/],
    ['rearmMs', subscriptionOf({ rearmMs: -1 }), /rearmMs/],
    ['condition', subscriptionOf({ detector: 'ewma', condition: 'below' }), /condition: expected above with detector ewma/],
    ['timesBaseline', subscriptionOf({ timesBaseline: 0 }), /timesBaseline: expected a number above 0/],
    ['arming', subscriptionOf({}, { armings: [armingOf({ thresholds: ['other'] })] }), /arming of run run-1, threshold 'other'/],
    ['twins', { ...subscriptionOf(), thresholds: [busy, busy] }, /name 'busy': expected each name once/],
    [
      'many',
      { ...subscriptionOf(), armings: Array.from({ length: 65 }, (_, index) => armingOf({ run: String(index) })) },
      /armings: expected at most 64/,
    ],
  ])('is refused for its %s, and what was there before stays', (_, subscription, message) => {
    engine.put(subscriptionOf(), 0);
    expect(() => {
      engine.put(subscription, 1);
    }).toThrow(message);
    expect(viewAt(1).thresholds).toMatchObject([{ name: 'busy', limit: 640 }]);
  });
});

describe('what is asked for', patient, () => {
  it('are flows by agent, as the largest or the sum of several', () => {
    engine.put(subscriptionOf(), 0);
    const other = createExporter({ agent: '192.0.2.2' });
    engine.datagram(exporter.datagram(0, times(4)), 1000);
    engine.datagram(other.datagram(0, [...times(2), { source: '10.0.0.9' }]), 1000);
    const flows = (query: object) =>
      engine
        .activeFlows({ id, flow: 'pairs', nowMs: 1000, most: 10, ...query })
        .map(({ key, value, agent }) => [key, value, agent]);
    expect(flows({})).toEqual([
      ['10.0.0.1,10.0.0.2', 16, '192.0.2.1'],
      ['10.0.0.9,10.0.0.2', 4, '192.0.2.2'],
    ]);
    expect(flows({ mode: 'sum', most: 1 })).toEqual([['10.0.0.1,10.0.0.2', 24, '192.0.2.1']]);
    expect(flows({ agent: '192.0.2.2', least: 5 })).toEqual([['10.0.0.1,10.0.0.2', 8, '192.0.2.2']]);
    expect(flows({ id: 'other' })).toEqual([]);
  });

  it('are agents with their rates', () => {
    steady(0, 60_000);
    const [agent, ...others] = engine.agents(60_000);
    expect(others).toEqual([]);
    expect(agent).toMatchObject({ agent: '192.0.2.1', subAgent: 0, datagrams: 600, lastDatagramAt: 59_900, signal: 'good' });
    expect(agent?.datagramsPerSecond).toBeCloseTo(10, 0);
    expect(agent?.samplesPerSecond).toBeCloseTo(30, -1);
  });
});
