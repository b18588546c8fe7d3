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
  /**
   * Agent and data source that saw it, or would have; absent where nothing was sampled in any phase. It is the same in all phases, but for one in
   * which it saw nothing and somebody did who had seen nothing before: that one is another place, and not compared.
   */
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

/**
 * A quotient with its 95 % interval; null is without bound, as when nothing was sampled before. `direction` is `rose` or `fell` where the whole
 * interval is on one side of 1, `unshown` where 1 is in it, and `undecided` where there are too few samples to say anything.
 */
export type TrafficRatio = { direction: 'rose' | 'fell' | 'unshown'; value: number | null; low: number; high: number | null };
export type UndecidedRatio = { direction: 'undecided'; why: string };

/** In frames or attempts a second, or for each megabyte (1,000,000 bytes) of payload; null where that phase has none. */
export type TrafficByPhase = Record<Phase, number | null>;

/** Of a value: what it was in each phase, and that of `during` over that of `before`. */
export type ComparedTraffic = { byPhase: TrafficByPhase; ratio: TrafficRatio | UndecidedRatio };

/** What a fault made of traffic, from its phases. */
export type TrafficChange = {
  /** Frames a second. */
  targets: ComparedTraffic;
  /** Collateral: frames a second that are of no target. */
  others: ComparedTraffic;
  /** Work for each megabyte of payload that got through, of the targets. */
  amplification: { connectionAttempts: ComparedTraffic; frames: ComparedTraffic };
};
