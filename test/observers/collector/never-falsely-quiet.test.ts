/** Ways in which harm could go unseen while the engine calls all quiet. */
import { beforeEach, describe, expect, it } from 'vitest';
import { createNetworkEngine, type NetworkEngine, type SubscriptionView } from '../../../src/observers/index.ts';
import { createExporter, type Exporter, play, times } from './exporter.ts';
import { armingOf, subscriptionOf } from './subscriptions.ts';

const id = 'shop/traffic';
const minute = 60_000;
const hour = 60 * minute;

let engine: NetworkEngine;
let exporter: Exporter;
beforeEach(() => {
  engine = createNetworkEngine({ startedAt: 0 });
  exporter = createExporter();
});

function viewAt(nowMs: number): SubscriptionView {
  const view = engine.view(id, nowMs);
  if (view === undefined) throw new Error('expected a view');
  return view;
}

const thresholdAt = (nowMs: number) => viewAt(nowMs).thresholds[0];
const armingAt = (nowMs: number) => viewAt(nowMs).armings[0];
/** Ten datagrams a second: at one packet of 8, 80 frames a second for each packet. */
const send = (fromMs: number, toMs: number, packets: number) => play(engine, exporter, { fromMs, toMs, packets: times(packets) });

/** Thousands of datagrams take seconds on a machine that others keep busy. */
const patient = { timeout: 120_000 };

describe('one sample of an absurd sampling rate', patient, () => {
  it('makes a threshold undecidable while it hides others, which lasts for minutes and not for ever', () => {
    engine.put(subscriptionOf({}, { armings: [armingOf()] }), 0);
    send(0, 1000, 3);
    engine.datagram(exporter.datagram(1000, times(1, { samplingRate: 2 ** 20 })), 1000);
    expect(send(1100, minute, 3)).toEqual([]);
    expect([thresholdAt(minute)?.state, armingAt(minute)?.state]).toEqual(['undecidable', 'undecidable']);
    expect(thresholdAt(minute)?.message).toContain('at sampling rate 1048576');
    expect(send(minute, 3 * minute, 3)).toEqual([]);
    expect([thresholdAt(3 * minute)?.state, armingAt(3 * minute)?.state]).toEqual(['quiet', 'quiet']);
    const [crossing] = send(3 * minute, 3 * minute + 5000, 40);
    expect(crossing?.at).toBeLessThan(3 * minute + 1000);
  });

  it('is forgotten also where nothing of its flow is sampled any more', () => {
    engine.put(subscriptionOf(), 0);
    engine.datagram(exporter.datagram(0, times(1, { samplingRate: 2 ** 20, source: '10.9.9.9' })), 0);
    send(100, 5000, 3);
    expect(thresholdAt(5000)?.state).toBe('undecidable');
    // With the flow goes its detector, and with that what weighed it down.
    send(5000, 2 * minute, 3);
    expect(thresholdAt(2 * minute)?.state).toBe('quiet');
  });
});

describe('below, traffic that is already gone', patient, () => {
  const below = { condition: 'below', value: 320 } as const;

  it('is missed by a relative threshold when the fault ends it at once', () => {
    const inPhase = (phase: 'before' | 'during') =>
      subscriptionOf({ ...below, value: 1e6, timesBaseline: 0.5 }, { armings: [armingOf({ phase })] });
    engine.put(inPhase('before'), 0);
    send(0, minute, 8);
    engine.put(inPhase('during'), minute);
    const [crossing, ...others] = send(minute, minute + 10_000, 0);
    expect(others).toEqual([]);
    expect(crossing).toMatchObject({ run: 'run-1', threshold: 'busy', dataSource: '2:1000' });
    expect(armingAt(minute + 10_000)).toMatchObject({ state: 'firing', crossing });
  });

  it('is no crossing while the traffic goes on', () => {
    const inPhase = (phase: 'before' | 'during') =>
      subscriptionOf({ ...below, value: 1e6, timesBaseline: 0.5 }, { armings: [armingOf({ phase })] });
    engine.put(inPhase('before'), 0);
    send(0, minute, 8);
    engine.put(inPhase('during'), minute);
    expect(send(minute, 3 * minute, 8)).toEqual([]);
  });

  it('fires for a run that is armed after it ended, and crosses for it', () => {
    engine.put(subscriptionOf(below), 0);
    send(0, 20_000, 8);
    send(20_000, 30_000, 0);
    expect(thresholdAt(30_000)?.state).toBe('firing');
    engine.put(subscriptionOf(below, { armings: [armingOf()] }), 30_000);
    expect(armingAt(30_000)?.state).toBe('firing');
    expect(send(30_000, 40_000, 0).map(({ run }) => run)).toContain('run-1');
    expect(armingAt(hour)?.crossing?.run).toBe('run-1');
  });
});

describe('datagrams that do not arrive', patient, () => {
  const lossy = (fromMs: number, toMs: number, lost: number, everyMs = 100) => {
    for (let atMs = fromMs; atMs < toMs; atMs += everyMs) {
      exporter.lose(lost);
      engine.datagram(exporter.datagram(atMs, times(1)), atMs);
    }
  };

  it('are a lost signal where they are more than half of those of an agent', () => {
    engine.put(subscriptionOf({}, { armings: [armingOf()] }), 0);
    lossy(0, 5000, 19);
    expect([thresholdAt(5000)?.state, armingAt(5000)?.state]).toEqual(['lost', 'lost']);
    expect(thresholdAt(5000)?.message).toMatch(/^95 % of the datagrams of agent 192.0.2.1 are missing of late/);
    send(5000, 4 * minute, 3);
    expect(thresholdAt(4 * minute)?.state).toBe('quiet');
  });

  it('count as samples that a threshold lacks', () => {
    exporter = createExporter({ samplingRate: 256 });
    engine.put(subscriptionOf(), 0);
    lossy(0, 2 * minute, 0, 1000);
    expect(thresholdAt(2 * minute)).toMatchObject({ state: 'quiet', power: { judgement: 'warned', samples: 10 } });
    lossy(2 * minute, 5 * minute, 1, 1000);
    expect(thresholdAt(5 * minute)).toMatchObject({ state: 'undecidable', power: { judgement: 'refused' } });
    expect(thresholdAt(5 * minute)?.message).toMatch(/rests on 5.0 samples.*; 50 % of the datagrams/);
  });
});

describe('an agent that the thresholds rested on and that is forgotten', patient, () => {
  const other = () => createExporter({ agent: '192.0.2.2' });
  const armed = (runs: string[], flow = {}) => subscriptionOf({}, { armings: runs.map((run) => armingOf({ run })), flow });
  const statesAt = (nowMs: number) => viewAt(nowMs).armings.map(({ state }) => state);

  /** Both are heard for a second, then only the other one until `toMs`. */
  function loseOne(toMs: number): Exporter {
    const alive = other();
    engine.put(armed(['run-1']), 0);
    send(0, 1000, 3);
    play(engine, alive, { fromMs: 0, toMs, everyMs: 1000, packets: times(1, { destination: '10.0.0.8' }) });
    return alive;
  }

  it('is a lost signal for who was armed then, and waited for by others, though another agent samples', () => {
    loseOne(11 * minute);
    expect(engine.agents(11 * minute)).toHaveLength(1);
    engine.put(armed(['run-1', 'run-2']), 11 * minute);
    expect(statesAt(11 * minute)).toEqual(['lost', 'waiting']);
    expect(thresholdAt(11 * minute)?.state).toBe('waiting');
    expect(armingAt(11 * minute)?.message).toMatch(/^agent 192.0.2.1, .* is silent for 11 minutes; it is awaited for a day/);
  });

  it('is not awaited any more when it is heard, but its next silence counts', () => {
    loseOne(11 * minute);
    engine.datagram(exporter.datagram(11 * minute, [], { counters: true }), 11 * minute);
    expect(statesAt(11 * minute)).toEqual(['quiet']);
    play(engine, other(), { fromMs: 11 * minute, toMs: 13 * minute, everyMs: 1000, packets: times(1) });
    expect(statesAt(13 * minute)).toEqual(['lost']);
  });

  it('is not awaited any more when the flows are edited, or after a day', () => {
    const alive = loseOne(11 * minute);
    const beat = (atMs: number) => {
      engine.datagram(alive.datagram(atMs, times(1)), atMs);
      return statesAt(atMs);
    };
    expect(beat(24 * hour)).toEqual(['lost']);
    expect(beat(24 * hour + 12 * minute)).toEqual(['quiet']);
    engine = createNetworkEngine({ startedAt: 0 });
    exporter = createExporter();
    loseOne(11 * minute);
    engine.put(armed(['run-1'], { top: 7 }), 11 * minute);
    expect(statesAt(11 * minute)).toEqual(['quiet']);
  });

  it('is lost before it is forgotten, however rarely it is polled', () => {
    engine.put(armed(['run-1']), 0);
    const alive = other();
    for (let atMs = 0; atMs <= 20 * minute; atMs += minute) {
      engine.datagram(alive.datagram(atMs, times(1, { destination: '10.0.0.8' }), { counters: true }), atMs);
      const counters = atMs % (5 * minute) === 0;
      if (counters) engine.datagram(exporter.datagram(atMs, times(1), { counters }), atMs);
      engine.tick(atMs);
    }
    for (let atMs = 21 * minute; atMs <= 41 * minute; atMs += minute) {
      engine.datagram(alive.datagram(atMs, times(1, { destination: '10.0.0.8' }), { counters: true }), atMs);
      engine.tick(atMs);
      expect(statesAt(atMs), String(atMs)).toEqual([atMs - 20 * minute > 12.5 * minute ? 'lost' : 'quiet']);
      expect(engine.agents(atMs)).toHaveLength(atMs - 20 * minute > 20 * minute ? 1 : 2);
    }
  });
});

describe('a flow to which no sampled packet has ever belonged', patient, () => {
  const wrongPort = { flow: { filter: 'tcpdestinationport=8080' } };

  it('is quiet with a word about it above, and waited for below', () => {
    const word = "no sampled packet has belonged to flow 'pairs' yet";
    engine.put(subscriptionOf({}, wrongPort), 0);
    send(0, 1000, 3);
    expect(thresholdAt(1000)?.state).toBe('quiet');
    expect(thresholdAt(1000)?.message).toContain(word);
    engine.put(subscriptionOf({ condition: 'below' }, { ...wrongPort, armings: [armingOf()] }), 1000);
    send(1000, 2000, 3);
    expect([thresholdAt(2000)?.state, armingAt(2000)?.state]).toEqual(['waiting', 'waiting']);
    expect(armingAt(2000)?.message).toContain(word);
    play(engine, exporter, { fromMs: 2000, toMs: 3000, packets: times(20, { destinationPort: 8080 }) });
    expect([thresholdAt(3000)?.state, armingAt(3000)?.state]).toEqual(['quiet', 'quiet']);
    expect(thresholdAt(3000)?.message).toBe('');
  });
});
