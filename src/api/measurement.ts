/**
 * How measurements travel: per-second aggregates with a histogram of logarithmic buckets. Any quantile read from it is within
 * 1 % of the true sample (DDSketch, Masson et al., VLDB 2019, with relative accuracy 0.01).
 */

/** One probe. `sentAt` is milliseconds since 1970; a lost probe has no `rttMs`, and says why where that is known. */
export type Sample = { stream: string; sentAt: number; rttMs?: number; reason?: LossReason };

/** `refused`: answered with a reset; `unreachable`: the sender's own stack could not send; `timeout`: no answer in time. */
export type LossReason = 'timeout' | 'refused' | 'unreachable';

/**
 * All probes of one stream sent within one second of the clock; complete once every one was answered or timed out.
 * Where nothing was answered, sumMs, minMs and maxMs are 0 and mean nothing.
 */
export type SecondAggregate = {
  /** Seconds since 1970. */
  second: number;
  sent: number;
  lost: number;
  sumMs: number;
  minMs: number;
  maxMs: number;
  /** Sum of |rtt − previous rtt| over consecutive answered probes, and how many such pairs there are (RFC 3550's jitter, unsmoothed). */
  stepSumMs: number;
  steps: number;
  /** Bucket index → answered probes. */
  buckets: Record<string, number>;
};

const accuracy = 0.01;
const logGamma = Math.log((1 + accuracy) / (1 - accuracy));
/** Anything faster than 1 µs is counted as 1 µs. */
const shortestMs = 0.001;

export function bucketOf(rttMs: number): number {
  return Math.ceil(Math.log(Math.max(rttMs, shortestMs) / shortestMs) / logGamma);
}

/** The value that stands for a bucket: at most 1 % from every value in it. */
export function bucketValueMs(bucket: number): number {
  return shortestMs * (1 - accuracy) * Math.exp(logGamma * bucket);
}
