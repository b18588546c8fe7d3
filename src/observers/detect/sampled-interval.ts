/**
 * What one datagram says of one series (a flow, or all flows of a definition, of one source): what was sampled since the
 * source's datagram before. An exporter sends everything that it holds in one datagram, so the samples were taken in
 * that interval and not at the instant at which they came.
 */
export type SampledInterval = {
  /** When the source's datagram before came, and this one; milliseconds of one monotonic clock. */
  fromMs: number;
  toMs: number;
  samples: number;
  /** Of the samples, each its value times its sampling rate: an estimate of what passed, in the metric's unit. */
  weight: number;
  /** Weight of the heaviest of them; 0 of none. */
  heaviest: number;
  /** Datagrams that the exporter's sequence numbers show as lost in between. */
  lostDatagrams: number;
};

/** sFlow version 5, "Flow Sampling": an agent sends a sample within a second of taking it. */
export const longestHoldMs = 1000;
