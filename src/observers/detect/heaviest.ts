/**
 * What a sample has weighed at most of late. One that weighed absurdly much must not make all others parts of nothing for ever, so it is known for two
 * generations of a minute and then forgotten.
 */
import type { SampledInterval } from './sampled-interval.ts';

export type Heaviest = {
  /** When the generation that runs has begun, and the samples in it. */
  sinceMs: number;
  samples: number;
  recent: number;
  /** Of the generation before. */
  before: number;
  /** A generation lasts until there were so many; with 0 it ends by time alone, also while nothing is sampled. */
  leastSamples: number;
};

export const generationMs = 60_000;

/** @param weight what a sample weighs as far as is known, above 0 */
export function startHeaviest(weight: number, atMs: number, leastSamples: number): Heaviest {
  return { sinceMs: atMs, samples: 0, recent: weight, before: 0, leastSamples };
}

/** In the metric's unit; 0 where all that was known is too long ago. */
export function heaviestAt({ sinceMs, samples, recent, before, leastSamples }: Heaviest, atMs: number): number {
  const ageMs = atMs - sinceMs;
  if (ageMs < generationMs || samples < leastSamples) return Math.max(recent, before);
  return leastSamples === 0 && ageMs >= 2 * generationMs ? 0 : recent;
}

/** The state is of fixed size; intervals without samples say nothing. */
export function addHeaviest(known: Heaviest, { samples, heaviest, toMs }: SampledInterval): Heaviest {
  if (samples === 0) return known;
  if (toMs - known.sinceMs < generationMs || known.samples < known.leastSamples) {
    return { ...known, samples: known.samples + samples, recent: Math.max(known.recent, heaviest) };
  }
  return { ...known, sinceMs: toMs, samples, recent: heaviest, before: heaviestAt(known, toMs) };
}
