import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { secondStep, ticks } from '../../../src/report/charts/scale.ts';

describe('ticks', () => {
  it.each([
    [230, 5, [0, 50, 100, 150, 200]],
    [0.48, 5, [0, 0.1, 0.2, 0.3, 0.4]],
    [1.4, 2, [0, 1]],
    [0, 5, [0]],
    [Number.NaN, 5, [0]],
  ])('of a scale up to %d, about %d of them', (most, count, expected) => {
    expect(ticks(most, count)).toEqual(expected);
  });

  it('never are more than asked, besides the 0, and never leave the scale', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), fc.integer({ min: 1, max: 12 }), (most, count) => {
        const values = ticks(most, count);
        expect(values.length).toBeLessThanOrEqual(count + 1);
        expect(values.at(-1)).toBeLessThanOrEqual(most * (1 + 1e-6));
      }),
    );
  });
});

describe('secondStep', () => {
  it.each([
    [50, 12, 5],
    [3720, 12, 600],
    [0.5, 12, 1],
  ])('of %d s in at most %d steps', (span, count, expected) => {
    expect(secondStep(span, count)).toBe(expected);
  });
});
