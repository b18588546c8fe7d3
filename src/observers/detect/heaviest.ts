/**
 * What a sample has weighed at most of late. One that weighed absurdly much must not make all others parts of nothing for ever, so it is known for two
 * generations and then forgotten.
 */
import type { SampledInterval } from './sampled-interval.ts';

export type Heaviest = {
  /** When the generation that runs has begun, and the samples in it, as far as it needs them. */
  sinceMs: number;
  samples: number;
  recent: number;
  /** Of the generation before. */
  before: number;
  generation: Generation;
};

/** How long one lasts at least; with 0 samples it ends by time alone, also while nothing is sampled. */
export type Generation = { ms: number; samples: number };

/** @param weight what a sample weighs as far as is known, above 0 */
export function startHeaviest(weight: number, atMs: number, generation: Generation): Heaviest {
  return { sinceMs: atMs, samples: 0, recent: weight, before: 0, generation };
}

/** In the metric's unit; 0 where all that was known is too long ago. */
export function heaviestAt({ sinceMs, samples, recent, before, generation }: Heaviest, atMs: number): number {
  const ageMs = atMs - sinceMs;
  if (ageMs < generation.ms || samples < generation.samples) return Math.max(recent, before);
  return generation.samples === 0 && ageMs >= 2 * generation.ms ? 0 : recent;
}

/** The state is of fixed size; intervals without samples say nothing. */
export function addHeaviest(known: Heaviest, { samples, heaviest, toMs }: SampledInterval): Heaviest {
  if (samples === 0) return known;
  const hasEnough = known.samples >= known.generation.samples;
  if (toMs - known.sinceMs < known.generation.ms || !hasEnough) {
    if (hasEnough && heaviest <= known.recent) return known;
    return { ...known, samples: known.samples + samples, recent: Math.max(known.recent, heaviest) };
  }
  return { ...known, sinceMs: toMs, samples, recent: heaviest, before: heaviestAt(known, toMs) };
}
