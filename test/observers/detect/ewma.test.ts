import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addToEwma, ewmaAt, smoothingMsOf } from '../../../src/observers/detect/ewma.ts';
import { startEwmaDetector, weighByEwma } from '../../../src/observers/detect/ewma-detector.ts';
import type { SampledInterval } from '../../../src/observers/index.ts';
import { sampled, samplingRate } from '../intervals.ts';

describe('the smoothed value', () => {
  it('comes to the rate of what is added steadily', () => {
    let ewma = { value: 0, atMs: 0 };
    for (let atMs = 10; atMs <= 20_000; atMs += 10) ewma = addToEwma(ewma, atMs, 5, 2000);
    expect(ewma.value).toBeGreaterThan(499);
    expect(ewma.value).toBeLessThan(502);
  });

  it('falls to a share of 1/e within the smoothing time', () => {
    expect(ewmaAt({ value: 100, atMs: 1000 }, 3000, 2000)).toBeCloseTo(100 / Math.E, 9);
    expect(ewmaAt({ value: 100, atMs: 1000 }, 500, 2000)).toBe(100);
  });

  it.each([
    [undefined, 2000],
    [10, 10_000],
    [0.01, 200],
    [9999, 600_000],
  ])('takes t %s as %s ms', (seconds, milliseconds) => {
    expect(smoothingMsOf(seconds)).toBe(milliseconds);
  });
});

describe('the detector ewma', () => {
  const rule = { threshold: 100, smoothingMs: 2000, rearmMs: 5000 };

  function firedAt(intervals: readonly SampledInterval[]): number[] {
    let state = startEwmaDetector(0);
    return intervals.flatMap((interval) => {
      const weighed = weighByEwma(rule, state, interval);
      state = weighed.state;
      return weighed.decided ? [interval.toMs] : [];
    });
  }

  const burst = (atMs: number) => Array.from({ length: 4 }, () => sampled(atMs - 1, atMs, 1));

  it('fires on four samples that come together at a rate of 1 in 64, as sFlow-RT does', () => {
    expect(samplingRate / 2).toBe(32);
    expect(firedAt(burst(1000))).toEqual([1000]);
  });

  const cases: [string, number, number[]][] = [
    ['fires once while the value stays above', 1100, [1000]],
    ['fires once where the value was below for less than the time to arm again', 6000, [1000]],
    ['fires again once the value was below for long enough', 6600, [1000, 6600]],
  ];
  // 128 falls to 100 after 2 s · ln 1.28 = 0.49 s: it is armed again at 1 + 0.49 + 5 s.
  it.each(cases)('%s', (_title, secondMs, expected) => {
    expect(firedAt([...burst(1000), ...burst(secondMs)])).toEqual(expected);
  });

  it('is armed again although samples come all the time, when these keep the value below', () => {
    const trickle = Array.from({ length: 12 }, (_, index) =>
      sampled(1999 + index * 500, 2000 + index * 500, index % 4 === 0 ? 1 : 0),
    );
    expect(firedAt([...burst(1000), ...trickle, ...burst(9000)])).toEqual([1000, 9000]);
  });

  it('never fires twice within the time to arm again', () => {
    const spaced = fc.array(fc.record({ afterMs: fc.nat(4000), samples: fc.nat(8) }), { maxLength: 80 });
    fc.assert(
      fc.property(spaced, (parts) => {
        let atMs = 0;
        const fired = firedAt(parts.map(({ afterMs, samples }) => sampled(atMs, (atMs += afterMs), samples)));
        fired.slice(1).forEach((at, index) => {
          expect(at - (fired[index] ?? 0)).toBeGreaterThanOrEqual(rule.rearmMs);
        });
      }),
    );
  });
});
