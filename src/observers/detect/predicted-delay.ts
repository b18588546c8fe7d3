/** How long a decision will take, before it is tried: for the documents, for warnings, and to check the simulation against. */
import { chartFactors, decisiveEvidence } from './cusum.ts';
import { longestHoldMs } from './sampled-interval.ts';

export type Step = {
  /** T / N: samples a second of a flow at the threshold. */
  samplesPerSecond: number;
  /** The rate after the step and before it, as multiples of the threshold. */
  after: number;
  before: number;
};

export type DelaySeconds = { p50: number; p95: number };

/** Samples that Open vSwitch puts into one datagram. */
const batchSamples = 7;

/**
 * Of the default detector, with the time in which the exporter holds samples back. Wald's approximation: evidence is a Brownian motion
 * with drift, whose first passage time has the inverse Gaussian distribution; the overshoot of the decisive evidence is left out.
 * @returns undefined where the rate is not above what any chart decides on
 */
export function predictedCusumDelay({ samplesPerSecond, after }: Step, dispersion = 1): DelaySeconds | undefined {
  const passages = chartFactors
    .map((factor) => ({
      drift: samplesPerSecond * (after * Math.log(factor) - (factor - 1)),
      variance: samplesPerSecond * after * Math.log(factor) ** 2 * dispersion,
    }))
    .filter(({ drift }) => drift > 0);
  if (passages.length === 0) return undefined;
  const evidence = decisiveEvidence * dispersion;
  const soonest = (share: number) => Math.min(...passages.map((passage) => passageQuantile(passage, evidence, share)));
  const heldSeconds = Math.min(longestHoldMs / 1000, batchSamples / (samplesPerSecond * after));
  return { p50: soonest(0.5) + heldSeconds / 2, p95: soonest(0.95) + heldSeconds };
}

/**
 * Seconds until the mean response of the smoothed value meets the threshold: τ · ln((r − b) / (r − 1)). Its noise is left out; so is the exporter.
 * @returns undefined where it never does
 */
export function predictedEwmaDelay({ after, before }: Step, smoothingMs: number): number | undefined {
  if (before >= 1) return 0;
  return after > 1 ? (smoothingMs / 1000) * Math.log((after - before) / (after - 1)) : undefined;
}

type Passage = { drift: number; variance: number };

/** The time by which a share of all passages has happened, by halving. */
function passageQuantile(passage: Passage, distance: number, share: number): number {
  let [low, high] = [0, distance / passage.drift];
  while (passedBy(passage, distance, high) < share) high *= 2;
  for (let halvings = 0; halvings < 50; halvings += 1) {
    const middle = (low + high) / 2;
    if (passedBy(passage, distance, middle) < share) low = middle;
    else high = middle;
  }
  return high;
}

/** Distribution of the inverse Gaussian (Schrödinger 1915; Folks and Chhikara, JRSS B 40, 1978). */
function passedBy({ drift, variance }: Passage, distance: number, seconds: number): number {
  const spread = Math.sqrt(variance * seconds);
  const direct = normalDistribution((drift * seconds - distance) / spread);
  const reflected = normalDistribution(-(drift * seconds + distance) / spread);
  return direct + (reflected > 0 ? Math.exp((2 * drift * distance) / variance) * reflected : 0);
}

/** Within 7.5e-8 (Abramowitz and Stegun, 26.2.17). */
function normalDistribution(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const terms = [1.330274429, -1.821255978, 1.781477937, -0.356563782, 0.31938153];
  const polynomial = terms.reduce((sum, coefficient) => (sum + coefficient) * t, 0);
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
  return z > 0 ? 1 - tail : tail;
}
