import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../scripts/random.ts';
import { ratioOf } from '../../../src/report/traffic/ratio.ts';

const counted = (samples: number, per: number, weight = 64) => ({ sum: samples * weight, samples, per });

/** How often something happens in a while, by the times between (Poisson). */
function poisson(mean: number, random: () => number): number {
  let count = -1;
  for (let at = 0; at < mean; at -= Math.log(1 - random())) count += 1;
  return count;
}

describe('the ratio of two sampled rates', () => {
  it.each([
    ['three times as much in the same time', counted(100, 10), counted(300, 10), 'rose', 3],
    ['as much in a third of the time', counted(300, 30), counted(300, 10), 'rose', 3],
    ['a quarter', counted(400, 10), counted(100, 10), 'fell', 0.25],
    ['nothing any more', counted(400, 10), counted(0, 10), 'fell', 0],
    ['about the same', counted(100, 10), counted(105, 10), 'unshown', 1.05],
    ['as much at half the sampling rate', counted(200, 10, 32), counted(100, 10, 64), 'unshown', 1],
  ])('is told of %s', (_what, before, during, direction, value) => {
    const ratio = ratioOf(before, during);
    if (ratio.direction === 'undecided') throw new Error(ratio.why);
    expect(ratio.direction).toBe(direction);
    expect(ratio.value).toBeCloseTo(value, 9);
    expect(ratio.low).toBeLessThanOrEqual(value);
    expect(ratio.high).toBeGreaterThan(value);
  });

  it('has a lower bound and no upper one where nothing was sampled before', () => {
    const ratio = ratioOf(counted(0, 10), counted(50, 10));
    expect(ratio).toMatchObject({ direction: 'rose', value: null, high: null });
    expect('low' in ratio && ratio.low).toBeGreaterThan(10);
  });

  it('is undecided of fewer than 8 samples in both, with the reason', () => {
    expect(ratioOf(counted(7, 10), counted(2, 10))).toEqual({
      direction: 'undecided',
      why: '7 sampled before and 2 during; expected at least 8 in one of them',
    });
    expect(ratioOf(counted(7, 10), counted(8, 10)).direction).not.toBe('undecided');
  });

  it.each([
    [1, 20],
    [1, 200],
    [0.3, 100],
    [5, 30],
  ])('holds a true ratio of %s in its interval in about 95 of 100 cases (%i samples before)', (ratio, mean) => {
    const random = seededRandom(7);
    const held = Array.from({ length: 1000 }, () => {
      const found = ratioOf(counted(poisson(mean, random), 10), counted(poisson(mean * ratio * 3, random), 30));
      return 'low' in found && found.low <= ratio && ratio <= (found.high ?? Infinity);
    });
    const share = held.filter(Boolean).length / held.length;
    expect(share).toBeGreaterThan(0.92);
    expect(share).toBeLessThan(0.985);
  });

  it('never has its value outside of its interval, and doubt about what sums are divided by only makes that wider', () => {
    const samples = fc.integer({ min: 0, max: 10_000 });
    const per = fc.double({ min: 0.01, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(samples, samples, per, per, fc.double({ min: 0, max: 2, noNaN: true }), (a, b, perA, perB, doubt) => {
        const [sure, doubtful] = [0, doubt].map((one) => ratioOf(counted(a, perA), counted(b, perB), one));
        if (sure === undefined || doubtful === undefined || !('low' in sure) || !('low' in doubtful)) return;
        const tolerance = 1 + 1e-9;
        expect(doubtful.low).toBeLessThanOrEqual(sure.low * tolerance);
        expect((doubtful.high ?? Infinity) * tolerance).toBeGreaterThanOrEqual(sure.high ?? Infinity);
        if (sure.value === null) return;
        expect(sure.low).toBeLessThanOrEqual(sure.value * tolerance);
        expect((sure.high ?? Infinity) * tolerance).toBeGreaterThanOrEqual(sure.value);
      }),
    );
  });
});
