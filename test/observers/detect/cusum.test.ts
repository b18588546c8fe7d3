import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CusumRule,
  type CusumState,
  type SampledInterval,
  startCusum,
  weighInterval,
} from '../../../src/observers/index.ts';
import { seededRandom } from '../../../scripts/random.ts';
import { anySeries, sampled, samplingRate, series } from '../intervals.ts';

/** Ten samples a second at the threshold. */
const above: CusumRule = { side: 'above', threshold: 10 * samplingRate, sampleWeight: samplingRate };
const below: CusumRule = { ...above, side: 'below' };

function run(rule: CusumRule, intervals: readonly SampledInterval[], start: CusumState = startCusum(rule, 0)) {
  const decisions = [];
  let state = start;
  for (const interval of intervals) {
    const weighed = weighInterval(rule, state, interval);
    state = weighed.state;
    decisions.push(weighed.decision);
  }
  const decidedAtMs = intervals[decisions.findIndex(({ decided }) => decided)]?.toMs;
  return { state, last: decisions.at(-1), decidedAtMs };
}

const times = <Value>(count: number, value: Value) => Array.from({ length: count }, () => value);

describe('the test of sample counts', () => {
  const cases: [string, CusumRule, SampledInterval[], number | undefined][] = [
    ['decides half a second after a rise to five times the threshold', above, series(times(20, 5)), 500],
    ['decides later of a rise to twice the threshold', above, series(times(60, 2)), 3200],
    ['is silent at the threshold itself', above, series(times(3000, 1)), undefined],
    ['is silent without any traffic', above, series(times(3000, 0)), undefined],
    ['decides that nothing comes where the threshold would be ten samples a second', below, series(times(40, 0)), 2400],
    ['is silent at the threshold itself when it looks below', below, series(times(3000, 1)), undefined],
    ['is silent far above when it looks below', below, series(times(3000, 9)), undefined],
  ];
  it.each(cases)('%s', (_title, rule, intervals, decidedAtMs) => {
    expect(run(rule, intervals).decidedAtMs).toBe(decidedAtMs);
  });

  it('counts a batch over the time in which it was sampled, so that batches of steady traffic never add up', () => {
    const batches = Array.from({ length: 500 }, (_, index) => sampled(index * 700, (index + 1) * 700, 7));
    expect(run(above, batches).last).toEqual({ decided: false, evidence: 0, samples: 0, datagrams: 0 });
  });

  it('does not hold a quiet hour against samples that cannot be older than a second', () => {
    const after = (quietMs: number) => run(above, [sampled(0, quietMs, 20), sampled(quietMs, quietMs + 100, 7)]);
    expect(after(3_600_000).last).toEqual(after(1000).last);
    expect(after(3_600_000).last?.evidence).toBeGreaterThan(0);
  });

  it('needs two datagrams, however much the first one says', () => {
    expect(run(above, [sampled(0, 100, 1000)]).last).toMatchObject({ decided: false, datagrams: 1 });
    expect(run(above, [sampled(0, 100, 1000), sampled(100, 200, 1)]).decidedAtMs).toBe(200);
  });

  it('needs ten samples, however heavy they are thought to be', () => {
    const light = { ...above, threshold: 1, sampleWeight: 1e-9 };
    const one = (index: number) => ({ ...sampled(index * 10, index * 10 + 10, 1), heaviest: 1e-9 });
    expect(
      run(
        light,
        Array.from({ length: 12 }, (_, index) => one(index)),
      ).decidedAtMs,
    ).toBe(100);
  });

  it('takes a heavier sample than any before as one sample, and the earlier ones as parts of it', () => {
    const before = run(above, series(times(4, 5)));
    const heavier = { ...sampled(400, 500, 1), weight: 100 * samplingRate, heaviest: 100 * samplingRate };
    const after = run(above, [heavier], before.state);
    expect(before.last?.evidence).toBeGreaterThan(0.7);
    expect(after.last?.evidence).toBeLessThan(0.1);
  });

  /** Of the finding: a threshold of 1000 a second at one packet of 64, and one sample that says it stands for 2^20. */
  const absurd = 2 ** 20;
  const rare = { ...above, threshold: 1000 };
  const hit = { ...sampled(0, 100, 1), weight: absurd, heaviest: absurd };
  const spaced = (fromMs: number, toMs: number, everyMs: number, samples: number) =>
    Array.from({ length: (toMs - fromMs) / everyMs }, (_, index) =>
      sampled(fromMs + index * everyMs, fromMs + (index + 1) * everyMs, samples),
    );

  it('forgets after minutes what one sample of an absurd weight was, without taking that for evidence', () => {
    const steady = run(rare, [hit, ...spaced(100, 200_100, 100, 1)]);
    expect(steady.decidedAtMs).toBeUndefined();
    expect(steady.state.heaviest).toMatchObject({ recent: samplingRate, before: samplingRate });
    const decidedAtMs = run(rare, spaced(200_100, 202_100, 100, 8), steady.state).decidedAtMs;
    expect(decidedAtMs).toBeLessThan(201_100);
  });

  it('keeps, below, what a sample weighed while none comes, however long that lasts', () => {
    const few = { ...below, threshold: 0.1 * samplingRate };
    const before = run(few, spaced(0, 100_000, 10_000, 1)).state;
    // Evidence of 12 at a twentieth of a sample a second.
    expect(run(few, spaced(100_000, 400_000, 1000, 0), before).decidedAtMs).toBe(100_000 + 240_000);
  });

  it('forgets it below as well, where traffic has gone on for long', () => {
    const missed = { ...below, threshold: 1000 };
    const steady = run(missed, [...spaced(0, 100, 100, 3), hit, ...spaced(100, 1_300_100, 100, 2)]);
    expect(steady.decidedAtMs).toBeUndefined();
    expect(run(missed, spaced(1_300_100, 1_310_100, 100, 0), steady.state).decidedAtMs).toBeLessThan(1_302_500);
  });

  const changing: [string, 'above' | 'below', number[]][] = [
    ['above, where the sampling rate keeps changing', 'above', [64, 2048, 64, 512]],
    ['above, where samples of an absurd weight come now and then', 'above', [64]],
    ['below, where samples of an absurd weight come now and then', 'below', [64]],
  ];
  it.each(changing)('raises no false alarm %s', (_title, side, rates) => {
    const random = seededRandom(7);
    const level = 640 * (side === 'above' ? 0.8 : 1.25);
    const intervals = Array.from({ length: 72_000 }, (_, index): SampledInterval => {
      const rate = rates[Math.floor((index * 100) / 200_000) % rates.length] ?? NaN;
      const samples = random() < (level / rate) * 0.1 ? 1 : 0;
      const weight = rates.length === 1 && index % 18_000 === 9000 ? absurd : samples * rate;
      return { ...sampled(index * 100, (index + 1) * 100, weight > 0 ? 1 : 0), weight, heaviest: weight };
    });
    expect(run({ side, threshold: 640, sampleWeight: 1 }, intervals).decidedAtMs).toBeUndefined();
  });

  it('does not count time below the threshold in which datagrams were lost, and not before a datagram came', () => {
    const lossy = times(40, 0).map((samples, index) => sampled(index * 100, (index + 1) * 100, samples, 1));
    expect(run(below, lossy).last).toMatchObject({ decided: false, evidence: 0 });
    expect(run(below, [sampled(0, 60_000, 0)]).last).toMatchObject({ decided: false, datagrams: 1 });
    expect(run(below, [sampled(0, 60_000, 0), sampled(60_000, 60_001, 0)]).decidedAtMs).toBe(60_001);
  });

  it('asks for as many times the evidence as the traffic is burstier than Poisson, and never for less', () => {
    const share = (dispersion: number) => run({ ...above, dispersion }, series(times(3, 5))).last?.evidence;
    expect(share(2)).toBeCloseTo((share(1) ?? NaN) / 2, 12);
    expect(share(0.2)).toBe(share(1));
  });

  it('keeps a state of the same size, and evidence that is never negative nor unknown', () => {
    fc.assert(
      fc.property(fc.constantFrom(above, below), anySeries, (rule, intervals) => {
        const { state } = run(rule, intervals);
        expect(Object.keys(state)).toEqual(['atMs', 'heaviest', 'charts']);
        expect(state.charts).toHaveLength(2);
        for (const chart of state.charts) {
          expect(chart.evidence).toBeGreaterThanOrEqual(0);
          expect(chart.samples === 0 || chart.evidence > 0).toBe(true);
        }
      }),
    );
  });

  it('has more evidence above, and less below, the more samples come in any one interval', () => {
    fc.assert(
      fc.property(anySeries, fc.nat(), fc.integer({ min: 1, max: 20 }), (intervals, position, more) => {
        const index = position % Math.max(1, intervals.length);
        const fuller = intervals.map((interval, at) =>
          at === index ? sampled(interval.fromMs, interval.toMs, interval.samples + more) : interval,
        );
        const evidence = (rule: CusumRule, all: SampledInterval[]) => run(rule, all).state.charts.map((chart) => chart.evidence);
        evidence(above, intervals).forEach((least, chart) => {
          expect(evidence(above, fuller)[chart]).toBeGreaterThanOrEqual(least - 1e-6);
        });
        evidence(below, intervals).forEach((most, chart) => {
          expect(evidence(below, fuller)[chart]).toBeLessThanOrEqual(most + 1e-6);
        });
      }),
    );
  });

  it('goes on from a state that was written down and read again as if nothing had happened', () => {
    fc.assert(
      fc.property(anySeries, fc.nat(60), (intervals, position) => {
        const until = run(above, intervals.slice(0, position)).state;
        const readAgain = JSON.parse(JSON.stringify(until)) as CusumState;
        expect(run(above, intervals.slice(position), readAgain).state).toEqual(run(above, intervals).state);
      }),
    );
  });

  it('is not confused by a datagram that is older than the one before', () => {
    const { state } = run(above, [sampled(0, 1000, 7), sampled(200, 300, 7)]);
    expect(state.atMs).toBe(1000);
    expect(state.charts.every(({ evidence }) => Number.isFinite(evidence))).toBe(true);
  });
});
