import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/api/index.ts';
import { distinctEffects, mostDemanding } from '../../src/control/distinct-effects.ts';
import { longestHoldMs } from '../../src/faults/index.ts';

const delay = (delayMs: number, jitterMs = 0, distribution: 'uniform' | 'normal' = 'uniform'): Fault => ({
  type: 'delay',
  ...{ delayMs, jitterMs, distribution },
});
const delays = fc.array(
  fc
    .tuple(fc.integer({ min: 1, max: 9999 }), fc.constantFrom(0, 0, 1), fc.constantFrom('uniform', 'normal', 'pareto'))
    .map(([delayMs, jitterMs, distribution]): Fault => ({ type: 'delay', delayMs, jitterMs, distribution })),
  { minLength: 1, maxLength: 40 },
);

describe('the effects that are tried before a run', () => {
  it('are each tried once', () => {
    const steps = [delay(2), delay(1), delay(3), delay(2)].map((fault, index) => ({ atMs: 1000 * (index + 1), fault }));
    expect(distinctEffects({ fault: delay(1), steps })).toEqual([delay(1), delay(2), delay(3)]);
  });

  it('are at most 8, the longest delay among them, and one of each kind of need', () => {
    fc.assert(
      fc.property(delays, (effects) => {
        const tried = mostDemanding(effects);
        expect(tried.length).toBe(Math.min(8, effects.length));
        expect(Math.max(...tried.map(longestHoldMs))).toBe(Math.max(...effects.map(longestHoldMs)));
        const kinds = (list: readonly Fault[]) =>
          new Set(list.map((one) => (one.type === 'delay' && one.jitterMs > 0 ? one.distribution : 'none')));
        expect(kinds(tried)).toEqual(kinds(effects));
      }),
    );
  });

  it('are first those of different needs, then the largest: a small jitter is not lost among long delays', () => {
    const effects = [...Array.from({ length: 20 }, (_, index) => delay(100 + index)), delay(5, 1, 'normal')];
    expect(mostDemanding(effects)).toEqual([
      delay(119),
      delay(5, 1, 'normal'),
      ...[118, 117, 116, 115, 114, 113].map((ms) => delay(ms)),
    ]);
  });

  it('of rates are those by which most waits, of losses the largest', () => {
    const rate = (bitsPerSecond: number): Fault => ({ type: 'rate', bitsPerSecond, latencyMs: 50 });
    expect(mostDemanding([rate(1000), rate(9000), rate(10)])).toEqual([rate(9000), rate(1000), rate(10)]);
    const loss = (percent: number): Fault => ({ type: 'loss', percent, burst: 1 });
    expect(mostDemanding([loss(3), loss(100), loss(7)])).toEqual([loss(100), loss(7), loss(3)]);
  });
});
