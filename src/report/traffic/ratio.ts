/**
 * The quotient of two rates of which only samples were counted. Counts are taken for Poisson's: given the sum of both, the later one is binomial,
 * and Wilson's interval of its share is one of the quotient. Unlike a normal interval it also holds where one of the two is 0.
 */
import type { TrafficRatio, UndecidedRatio } from '../../api/index.ts';
import { wilson, z95 } from '../../probes/index.ts';

/** Below that a rate's 95 % error is over 69 % (196 · √(1/c) %), and a monitor's threshold is refused as well. */
export const leastSamples = 8;

/**
 * What was counted in one phase. `samples` are as many of equal weight as give the same error, so they may be a fraction. `per` is what the sum is
 * divided by: seconds, or bytes of payload.
 */
export type Counted = { sum: number; samples: number; per: number };

/** @param doubt standard deviation of the logarithm of what the sums are divided by, both together; 0 where that is known */
export function ratioOf(before: Counted, during: Counted, doubt = 0): TrafficRatio | UndecidedRatio {
  if (Math.max(before.samples, during.samples) < leastSamples) {
    const counts = [before, during].map(({ samples }) => String(Math.round(samples)));
    return undecided(
      `${counts[0] ?? ''} sampled before and ${counts[1] ?? ''} during; expected at least ${leastSamples} in one of them`,
    );
  }
  const weights = before.samples > 0 && during.samples > 0 ? during.sum / during.samples / (before.sum / before.samples) : 1;
  const scale = (weights * before.per) / during.per;
  const share = wilson(during.samples, before.samples + during.samples);
  const value = before.samples === 0 ? null : (during.samples / before.samples) * scale;
  const { low, high } = widened({ value, low: odds(share.low) * scale, high: odds(share.high) * scale }, z95 * doubt);
  const direction = low > 1 ? 'rose' : high < 1 ? 'fell' : 'unshown';
  return { direction, value, low, high: Number.isFinite(high) ? high : null };
}

export const undecided = (why: string): UndecidedRatio => ({ direction: 'undecided', why });

function odds(share: number): number {
  return share >= 1 ? Infinity : share / (1 - share);
}

/** Distances of both bounds from the value and of the other doubt are added as independent errors are, on a logarithmic scale. */
function widened({ value, low, high }: { value: number | null; low: number; high: number }, distance: number) {
  if (distance === 0) return { low, high };
  const reach = (bound: number): number =>
    value === null || value === 0 ? distance : Math.hypot(Math.log(bound / value), distance) - Math.abs(Math.log(bound / value));
  return {
    low: low === 0 ? 0 : low * Math.exp(-reach(low)),
    high: Number.isFinite(high) ? high * Math.exp(reach(high)) : high,
  };
}
