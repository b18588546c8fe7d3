import { describe, expect, it } from 'vitest';
import type { NodeTask, ProbeStream, SecondAggregate } from '../../src/api/index.ts';
import {
  collect,
  type Measurements,
  observeWindow,
  recentSeconds,
  suffixesOf,
  unmeasuredPhases,
} from '../../src/control/measurements.ts';

const stream = (id: string, hypothesis = 'reaches'): ProbeStream => ({
  id,
  hypothesis,
  podUid: 'a',
  protocol: 'icmp',
  address: '10.0.0.1',
  periodMs: 200,
  timeoutMs: 1000,
});

const second = (at: number, lost = 0): SecondAggregate => ({
  second: at,
  sent: 5,
  lost,
  sumMs: 5 - lost,
  minMs: 1,
  maxMs: 1,
  stepSumMs: 0,
  steps: 0,
  buckets: { '346': 5 - lost },
});

function measured(aggregates: Record<string, SecondAggregate[]>): Measurements {
  const measurements: Measurements = new Map();
  const status = { observedGeneration: 1, targets: [], residue: 0, aggregates };
  collect(measurements, [{ status } as unknown as NodeTask]);
  return measurements;
}

describe('observeWindow', () => {
  it.each([
    ['whole seconds only', { from: 10_500, to: 13_500 }, 10],
    ['seconds that touch both ends', { from: 10_000, to: 13_000 }, 15],
    ['a window that is still open', { from: 12_000 }, 10],
    ['a window without a whole second', { from: 12_100, to: 12_900 }, 0],
  ])('counts %s', (_what, window, sent) => {
    const measurements = measured({ s: [second(10), second(11), second(12), second(13)] });
    expect(observeWindow(measurements, [stream('s')], window).reaches?.[0]?.sent).toBe(sent);
  });

  it('counts a second once, however often a status repeats it', () => {
    const measurements = measured({ s: [second(10)] });
    collect(measurements, [{ status: { aggregates: { s: [second(10), second(11)] } } } as unknown as NodeTask]);
    expect(observeWindow(measurements, [stream('s')], { from: 0 }).reaches?.[0]?.sent).toBe(10);
  });

  it('names a stream that reported nothing, with nothing sent', () => {
    expect(observeWindow(new Map(), [stream('s')], { from: 0 })).toEqual({
      reaches: [{ stream: 's', sent: 0, received: 0, lossPercent: 0 }],
    });
  });
});

describe('suffixesOf', () => {
  it('sees the window from each whole second on, the whole window first', () => {
    const measurements = measured({ s: [second(10, 5), second(11), second(12)] });
    const suffixes = suffixesOf(measurements, [stream('s')], { from: 9_500, to: 13_000 }).reaches ?? [];
    expect(suffixes.map(({ from, observed }) => [from, observed[0]?.lossPercent])).toEqual([
      [10_000, 100 / 3],
      [11_000, 0],
      [12_000, 0],
    ]);
  });
});

describe('recentSeconds', () => {
  it('gives the newest seconds that every stream has reported, and none from before the fault', () => {
    const measurements = measured({ s: [second(10), second(11), second(12)], t: [second(10), second(11, 5)] });
    const recent = recentSeconds(measurements, [stream('s'), stream('t')], 10_200, 5).reaches ?? [];
    expect(recent).toHaveLength(1);
    expect(recent[0]?.map(({ received }) => received)).toEqual([5, 0]);
  });
});

describe('unmeasuredPhases', () => {
  const slow = { ...stream('s'), periodMs: 5000 };
  it.each<[string, ProbeStream, number[], number, string[]]>([
    ['nothing when the oldest second is the first of the window', stream('s'), [10, 11], 12, []],
    ['a window whose first second is missing', stream('s'), [11, 12], 13, ['during']],
    ['nothing of a stream whose probes are further apart', slow, [14], 20, []],
    ['nothing when nothing can have been reported yet', stream('s'), [], 12, []],
    ['a window of which nothing is there at all', stream('s'), [], 20, ['during']],
  ])('names %s', (_what, of, seconds, now, expected) => {
    const measurements = measured(seconds.length === 0 ? {} : { s: seconds.map((at) => second(at)) });
    expect(unmeasuredPhases(measurements, [of], { during: { from: 9500 } }, new Map(), now * 1000)).toEqual(expected);
  });

  it('judges every window by itself', () => {
    const windows = { during: { from: 5000, to: 9000 }, after: { from: 10_000 } };
    expect(unmeasuredPhases(measured({ s: [second(10)] }), [stream('s')], windows, new Map(), 11_000)).toEqual(['during']);
  });

  it.each<[string, number[], number, string[]]>([
    ['nothing when the seconds go on where the sum ends', [30, 31], 30, []],
    ['nothing when the sum is all of the window', [60], 40, []],
    ['a window with a hole after its sum', [33], 30, ['during']],
  ])('takes a sum for measured: %s', (_what, seconds, upTo, expected) => {
    const measurements = measured({ s: [second(10), ...seconds.map((at) => second(at))] });
    const windows = { during: { from: 10_000, to: 40_000 } };
    expect(unmeasuredPhases(measurements, [stream('s')], windows, new Map([['s', upTo]]), 61_000)).toEqual(expected);
  });
});
