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
