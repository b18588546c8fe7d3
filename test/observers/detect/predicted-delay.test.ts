import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { predictedCusumDelay, predictedEwmaDelay } from '../../../src/observers/index.ts';

describe('the predicted delay of the default detector', () => {
  it.each([1, 1.2])('is unknown of a step to %d times the threshold, on which no chart decides', (after) => {
    expect(predictedCusumDelay({ samplesPerSecond: 10, after, before: 0 })).toBeUndefined();
  });

  it('is shorter the larger the step and the more samples there are, and its 95th percentile never below its median', () => {
    const after = fc.double({ min: 1.3, max: 20, noNaN: true });
    fc.assert(
      fc.property(after, fc.double({ min: 1, max: 1000, noNaN: true }), (step, samplesPerSecond) => {
        const delay = (times: number, rate: number) => predictedCusumDelay({ samplesPerSecond: rate, after: times, before: 0 });
        const here = delay(step, samplesPerSecond) ?? { p50: NaN, p95: NaN };
        expect(here.p95).toBeGreaterThanOrEqual(here.p50);
        expect(delay(step * 1.2, samplesPerSecond)?.p50).toBeLessThan(here.p50);
        expect(delay(step, samplesPerSecond * 1.2)?.p50).toBeLessThan(here.p50);
      }),
    );
  });

  it('has the median of the inverse Gaussian distribution, near its mean where there is little noise', () => {
    // ln 2 · 20 − 1 nats for each sample that the threshold would give: 12 of them take 0.93 s at one a second.
    const delay = predictedCusumDelay({ samplesPerSecond: 1, after: 20, before: 0 });
    const held = 7 / 20;
    expect((delay?.p50 ?? NaN) - held / 2).toBeGreaterThan(0.8);
    expect((delay?.p50 ?? NaN) - held / 2).toBeLessThan(0.93);
  });
});

describe('the predicted delay of the smoothed value', () => {
  // t · ln((r − b) / (r − 1)): from nothing 1.10 t, 0.69 t, 0.22 t and 0.11 t.
  it.each([
    [1.5, 0, 2.2],
    [2, 0, 1.39],
    [5, 0, 0.45],
    [10, 0, 0.21],
    [2, 0.3, 1.06],
    [2, 1, 0],
  ])('is, of a step to %d times the threshold from %d, %d s at t = 2 s', (after, before, expected) => {
    expect(predictedEwmaDelay({ samplesPerSecond: 10, after, before }, 2000)).toBeCloseTo(expected, 2);
  });

  it('is unknown of a step that stays below', () => {
    expect(predictedEwmaDelay({ samplesPerSecond: 10, after: 1, before: 0 }, 2000)).toBeUndefined();
  });
});
