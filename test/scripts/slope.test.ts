import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slopeOf } from '../../scripts/campaigns/slope.ts';

const coefficient = fc.integer({ min: -1000, max: 1000 });

describe('the slope of samples', () => {
  it('is the one of the line that they lie on, without any doubt', () => {
    fc.assert(
      fc.property(coefficient, coefficient, fc.integer({ min: 3, max: 50 }), (rise, start, count) => {
        const found = slopeOf(Array.from({ length: count }, (_, x) => ({ x, y: start + rise * x })));
        expect(found?.slope).toBeCloseTo(rise, 6);
        expect(found?.margin).toBeCloseTo(0, 6);
      }),
    );
  });

  it('is in doubt where the samples scatter about a level line', () => {
    const found = slopeOf(Array.from({ length: 100 }, (_, x) => ({ x, y: x % 2 === 0 ? 10 : 12 })));
    expect(Math.abs(found?.slope ?? NaN)).toBeLessThan(found?.margin ?? NaN);
    expect(found).toMatchObject({ samples: 100, first: 10, last: 12, most: 12 });
  });

  it('is in more doubt the more each sample says what the last one said', () => {
    const steps = (length: number) => Array.from({ length: 120 }, (_, x) => ({ x, y: Math.floor(x / length) % 2 }));
    const margins = [1, 5, 20].map((length) => slopeOf(steps(length))?.margin ?? NaN);
    expect(margins[1]).toBeGreaterThan(1.5 * (margins[0] ?? NaN));
    expect(margins[2]).toBeGreaterThan(1.5 * (margins[1] ?? NaN));
  });

  it('is unknown for fewer than three samples, and for samples of one instant', () => {
    expect(
      slopeOf([
        { x: 0, y: 0 },
        { x: 1, y: 1 },
      ]),
    ).toBeUndefined();
    expect(slopeOf([0, 1, 2].map((y) => ({ x: 5, y })))).toBeUndefined();
  });
});
