import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../scripts/random.ts';
import { type Arrivals, sampledTraffic } from '../../../scripts/campaigns/sampled-traffic.ts';
import { addToBaseline, baselineOf, type SampledInterval, startBaseline, thresholdOver } from '../../../src/observers/index.ts';
import { samplingRate, series } from '../intervals.ts';

const measure = (intervals: Iterable<SampledInterval>) => {
  let state = startBaseline();
  for (const interval of intervals) state = addToBaseline(state, interval);
  return baselineOf(state);
};

function traffic(arrivals: Arrivals, perSecond: number, seconds: number) {
  const endMs = seconds * 1000;
  const random = seededRandom(3);
  return sampledTraffic({ arrivals, before: perSecond, after: perSecond, stepAtMs: endMs, endMs, samplingRate, random });
}

describe('a baseline', () => {
  it('is the rate of what was sampled, with an interval around it', () => {
    const { baseline } = measure(traffic('poisson', 50, 60));
    expect(baseline?.rate).toBeGreaterThan(0.95 * 50 * samplingRate);
    expect(baseline?.rate).toBeLessThan(1.05 * 50 * samplingRate);
    expect(baseline?.low).toBeLessThan(50 * samplingRate);
    expect(baseline?.high).toBeGreaterThan(50 * samplingRate);
  });

  it('holds the true rate within its interval in about 95 of 100 cases', () => {
    const held = Array.from({ length: 200 }, (_, seed) => {
      const random = seededRandom(seed);
      const [endMs, before] = [40_000, 10];
      const { baseline } = measure(
        sampledTraffic({ arrivals: 'poisson', before, after: before, stepAtMs: endMs, endMs, samplingRate, random }),
      );
      return baseline !== undefined && baseline.low <= before * samplingRate && baseline.high >= before * samplingRate;
    });
    expect(held.filter(Boolean).length).toBeGreaterThanOrEqual(180);
  });

  const bursts: [Arrivals, number, number][] = [
    ['poisson', 1, 1.2],
    ['trains', 1.3, 1.7],
  ];
  it.each(bursts)('finds how bursty %s arrivals are', (arrivals, least, most) => {
    const dispersion = measure(traffic(arrivals, 50, 1200)).baseline?.dispersion;
    expect(dispersion).toBeGreaterThanOrEqual(least);
    expect(dispersion).toBeLessThan(most);
  });

  it.each([
    ['20 s and 200 samples', series(Array.from({ length: 200 }, () => 1))],
    [
      '60 s and 60 samples',
      series(
        Array.from({ length: 60 }, () => 1),
        1000,
      ),
    ],
    ['0 s and 0 samples', []],
  ])('is not to be had of %s', (had, intervals) => {
    const found = measure(intervals);
    expect(found).toMatchObject({ baseline: undefined, missing: expect.stringContaining(had) as string });
    expect(found).toMatchObject({ missing: expect.stringContaining('at least 30 s and 100 samples') as string });
  });

  it('keeps a state of the same size however long it measures', () => {
    const size = (seconds: number) => {
      let state = startBaseline();
      for (const interval of traffic('poisson', 10, seconds)) state = addToBaseline(state, interval);
      return Object.keys(state).length;
    };
    expect(size(600)).toBe(size(1));
  });
});

describe('a threshold relative to the baseline', () => {
  const baseline = { rate: 1000, low: 900, high: 1100, dispersion: 1, heaviest: 1 };
  it.each([
    [{ side: 'above', timesBaseline: 2 }, 2200],
    [{ side: 'above', timesBaseline: 2, atLeast: 5000 }, 5000],
    [{ side: 'above', timesBaseline: 2, atLeast: 100 }, 2200],
    [{ side: 'below', timesBaseline: 0.5 }, 450],
    [{ side: 'below', timesBaseline: 0.5, atLeast: 100 }, 100],
  ] as const)('%o is %d a second', (relative, threshold) => {
    expect(thresholdOver(relative, baseline)).toBe(threshold);
  });
});
