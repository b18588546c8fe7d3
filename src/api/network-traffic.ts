/** What sampled traffic says of a run: the traffic of its targets, of all others, and what the fault made of both. */
import type { Phase } from './model.ts';

/** Estimated from samples, of the data source that saw the most of it, over `seconds`. */
export type TrafficAmount = {
  samples: number;
  frames: number;
  bytes: number;
  /** TCP connections that somebody tried to open: SYN without ACK. */
  connectionAttempts: number;
  /** Bytes behind the headers of IP and TCP or UDP. */
  payloadBytes: number;
  /** Agent and data source that saw it; absent where nothing was sampled. It is the same in all phases in which it saw anything. */
  source?: string;
  /**
   * How many samples that all weigh the same would have the errors of `frames` and of `payloadBytes`: fewer than `samples` where sampling rates or
   * sizes differ (Kish's effective sample size, (Σ w)² / Σ w²). Absent: as many as `samples`.
   */
  evenSamples?: { frames: number; payloadBytes: number };
};

export type PhaseTraffic = {
  phase: Phase;
  seconds: number;
  /** To or from a target's address. */
  targets: TrafficAmount;
  others: TrafficAmount;
  /** The largest flows of the targets: addresses, protocol and the lower port. */
  targetFlows: { flow: string; framesPerSecond: number }[];
};

export type NetworkTraffic = { phases: PhaseTraffic[] };
