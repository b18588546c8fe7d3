import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createSecondAggregator,
  mergeAggregates,
  median,
  medianWithInterval,
  observe,
  quantileMs,
  wilson,
  z95,
} from '../../src/probes/index.ts';
import type { SecondAggregate } from '../../src/api/index.ts';

const rtts = fc.array(fc.option(fc.double({ min: 0.001, max: 60_000, noNaN: true }), { nil: undefined }), {
  minLength: 1,
  maxLength: 300,
});

/** Probes 200 ms apart, as a prober hands them over. */
function secondsOf(values: readonly (number | undefined)[]): SecondAggregate[] {
  const aggregator = createSecondAggregator();
  const complete = values.flatMap((rttMs, number) =>
    aggregator.add({ stream: 's', number, sentAt: 1_000_000 + number * 200, rttMs }),
  );
  return [...complete, ...aggregator.end()];
}

describe('observations of seconds', () => {
  it('give every quantile within 1 % of the nearest-rank sample', () => {
    fc.assert(
      fc.property(rtts, fc.double({ min: 0, max: 1, noNaN: true }), (values, fraction) => {
        const answered = values.filter((value) => value !== undefined).sort((a, b) => a - b);
        const estimate = quantileMs(mergeAggregates(secondsOf(values)), fraction);
        const exact = answered[Math.max(1, Math.ceil(fraction * answered.length)) - 1];
        if (exact === undefined) expect(estimate).toBeUndefined();
        else expect(Math.abs((estimate ?? NaN) - exact)).toBeLessThanOrEqual(exact * 0.0100001);
      }),
    );
  });

  it('count, sum and bound exactly what was sampled', () => {
    fc.assert(
      fc.property(rtts, (values) => {
        const answered = values.filter((value) => value !== undefined);
        const observation = observe('s', secondsOf(values));
        expect(observation.sent).toBe(values.length);
        expect(observation.received).toBe(answered.length);
        expect(observation.lossPercent).toBeCloseTo((100 * (values.length - answered.length)) / values.length, 9);
        if (answered.length === 0) {
          expect(observation.rttMin).toBeUndefined();
          return;
        }
        expect(observation.rttMin).toBe(Math.min(...answered));
        expect(observation.rttMax).toBe(Math.max(...answered));
        expect(observation.rttMean).toBeCloseTo(answered.reduce((sum, value) => sum + value, 0) / answered.length, 6);
        const steps = answered.slice(1).map((value, index) => Math.abs(value - (answered[index] ?? NaN)));
        if (steps.length === 0) expect(observation.jitter).toBeUndefined();
        else expect(observation.jitter).toBeCloseTo(steps.reduce((sum, step) => sum + step, 0) / steps.length, 6);
      }),
    );
  });
});

describe('medianWithInterval', () => {
  it.each([
    { n: 6, low: 1, high: 6 },
    { n: 10, low: 2, high: 9 },
    { n: 20, low: 6, high: 15 },
    { n: 50, low: 18, high: 33 },
    { n: 100, low: 40, high: 61 },
    // Published ranks of the sign-test interval.
  ])('names order statistics $low and $high of $n samples', ({ n, low, high }) => {
    const samples = Array.from({ length: n }, (_, index) => n - index);
    expect(medianWithInterval(samples)).toEqual({ value: (n + 1) / 2, low, high });
  });

  it('holds of thousands of samples, where the binomial underflows', () => {
    const samples = Array.from({ length: 10_000 }, (_, index) => index + 1);
    const interval = medianWithInterval(samples);
    // 5000 ± 1.96·√10000/2
    expect(interval?.low).toBeGreaterThan(4890);
    expect(interval?.low).toBeLessThan(4910);
    expect(interval?.high).toBeLessThan(5110);
  });

  it('knows nothing of no samples and sorts as numbers', () => {
    expect(medianWithInterval([])).toBeUndefined();
    expect(median([10, 9, 100])).toBe(10);
  });
});

describe('wilson', () => {
  it.each([
    { successes: 0, n: 10, low: 0, high: 0.2775 },
    { successes: 10, n: 10, low: 0.7225, high: 1 },
    { successes: 30, n: 100, low: 0.2189, high: 0.3958 },
    { successes: 81, n: 263, low: 0.2553, high: 0.3662 },
  ])('of $successes in $n is [$low, $high]', ({ successes, n, low, high }) => {
    const interval = wilson(successes, n, z95);
    expect(interval.value).toBeCloseTo(successes / n, 9);
    expect(interval.low).toBeCloseTo(low, 3);
    expect(interval.high).toBeCloseTo(high, 3);
  });

  it('always holds the share itself, inside 0 to 1, and narrows with more trials', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (n, share) => {
        const successes = Math.round(share * n);
        const few = wilson(successes, n);
        const many = wilson(successes * 100, n * 100);
        expect(few.low).toBeGreaterThanOrEqual(0);
        expect(few.high).toBeLessThanOrEqual(1);
        expect(few.low).toBeLessThanOrEqual(few.value);
        expect(few.high).toBeGreaterThanOrEqual(few.value);
        expect(many.high - many.low).toBeLessThan(few.high - few.low);
      }),
    );
  });

  it('knows nothing of no trials', () => {
    expect(wilson(0, 0)).toEqual({ value: 0, low: 0, high: 1 });
  });
});
