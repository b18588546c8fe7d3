import { bucketValueMs, type ConnectivityObservation, type SecondAggregate } from '../api/index.ts';

/** A value and the bounds that hold it with the stated confidence. */
export type Interval = { value: number; low: number; high: number };

/** Two-sided 95 % of the normal distribution. */
export const z95 = 1.959964;

export type MergedAggregate = Omit<SecondAggregate, 'second'>;

/** The sum of any seconds, as if all their probes had been sent in one. */
export function mergeAggregates(aggregates: readonly SecondAggregate[]): MergedAggregate {
  const merged: MergedAggregate = { sent: 0, lost: 0, sumMs: 0, minMs: 0, maxMs: 0, stepSumMs: 0, steps: 0, buckets: {} };
  let answered = 0;
  for (const aggregate of aggregates) {
    const answeredHere = aggregate.sent - aggregate.lost;
    merged.sent += aggregate.sent;
    merged.lost += aggregate.lost;
    merged.sumMs += aggregate.sumMs;
    merged.stepSumMs += aggregate.stepSumMs;
    merged.steps += aggregate.steps;
    if (answeredHere > 0) {
      merged.minMs = answered === 0 ? aggregate.minMs : Math.min(merged.minMs, aggregate.minMs);
      merged.maxMs = answered === 0 ? aggregate.maxMs : Math.max(merged.maxMs, aggregate.maxMs);
      answered += answeredHere;
    }
    for (const [bucket, count] of Object.entries(aggregate.buckets)) {
      merged.buckets[bucket] = (merged.buckets[bucket] ?? 0) + count;
    }
  }
  return merged;
}

/**
 * The nearest-rank quantile, within 1 % of the sample that it names; undefined when nothing was answered.
 * @param fraction 0 to 1; 0.95 is the smallest sample that at least 95 % of all do not exceed
 */
export function quantileMs(merged: MergedAggregate, fraction: number): number | undefined {
  const answered = merged.sent - merged.lost;
  if (answered <= 0) return undefined;
  const rank = Math.min(answered, Math.max(1, Math.ceil(fraction * answered)));
  const buckets = Object.entries(merged.buckets)
    .map(([bucket, count]) => ({ bucket: Number(bucket), count }))
    .sort((a, b) => a.bucket - b.bucket);
  let seen = 0;
  for (const { bucket, count } of buckets) {
    seen += count;
    if (seen >= rank) return Math.min(merged.maxMs, Math.max(merged.minMs, bucketValueMs(bucket)));
  }
  return merged.maxMs;
}

/** What people and tolerances read, from any seconds of one stream; times in milliseconds. */
export function observe(stream: string, aggregates: readonly SecondAggregate[]): ConnectivityObservation {
  const merged = mergeAggregates(aggregates);
  const received = merged.sent - merged.lost;
  const observation: ConnectivityObservation = {
    stream,
    sent: merged.sent,
    received,
    lossPercent: merged.sent === 0 ? 0 : (100 * merged.lost) / merged.sent,
  };
  if (received === 0) return observation;
  return {
    ...observation,
    rttMin: merged.minMs,
    rttMean: merged.sumMs / received,
    rttP50: quantileMs(merged, 0.5),
    rttP95: quantileMs(merged, 0.95),
    rttP99: quantileMs(merged, 0.99),
    rttMax: merged.maxMs,
    ...(merged.steps > 0 ? { jitter: merged.stepSumMs / merged.steps } : {}),
  };
}

/** Undefined of no samples. */
export function median(samples: readonly number[]): number | undefined {
  const sorted = Float64Array.from(samples).sort();
  if (sorted.length === 0) return undefined;
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/**
 * The median and the order statistics that hold the true one with at least 95 % confidence, whatever the distribution:
 * P(X₍ᵣ₎ ≤ median ≤ X₍ₙ₊₁₋ᵣ₎) = 1 − 2·P(Binomial(n, ½) < r). Below six samples no pair reaches 95 %: the bounds are then the
 * smallest and the largest, and mean less. Undefined of no samples.
 */
export function medianWithInterval(samples: readonly number[]): Interval | undefined {
  const value = median(samples);
  if (value === undefined) return undefined;
  const sorted = Float64Array.from(samples).sort();
  const rank = lowRank(sorted.length);
  return { value, low: sorted[rank - 1] ?? value, high: sorted[sorted.length - rank] ?? value };
}

/** The largest r (from 1) with P(Binomial(n, ½) < r) ≤ 2.5 %; at least 1. */
function lowRank(n: number): number {
  let logTerm = -n * Math.LN2;
  let below = Math.exp(logTerm);
  let rank = 1;
  while (rank < n) {
    logTerm += Math.log((n - rank + 1) / rank);
    below += Math.exp(logTerm);
    if (below > 0.025) break;
    rank += 1;
  }
  return rank;
}

/**
 * Wilson's score interval of a proportion (Wilson, JASA 1927), as fractions of 1; unlike the simple normal interval it holds near
 * 0 and 1. Of no trials nothing is known: 0 to 1.
 * @param n trials; a fraction where they are not independent and an effective number is meant
 */
export function wilson(successes: number, n: number, z: number = z95): Interval {
  if (n <= 0) return { value: 0, low: 0, high: 1 };
  const share = successes / n;
  const square = z * z;
  const centre = (share + square / (2 * n)) / (1 + square / n);
  const half = (z / (1 + square / n)) * Math.sqrt((share * (1 - share)) / n + square / (4 * n * n));
  return { value: share, low: Math.max(0, Math.min(share, centre - half)), high: Math.min(1, Math.max(share, centre + half)) };
}
