/** The status of a NetworkMonitor: what the network says, and whether it can be believed. Its one writer is the process that observes. */
import type { Condition } from './metadata.ts';
import type { NetworkTraffic } from './network-traffic.ts';

/** Silence longer than this is `SignalLost`: whoever observes writes the status every second. */
export const heartbeatMs = 1000;
export const mostHeartbeatSilenceMs = 3000;

/**
 * `waiting`: nothing was sampled yet, or by an agent that is awaited, so nothing can be said; `undecidable`: what is sampled is too little to decide on the
 * threshold, or the collector has no room for all of it, or the monitor is not accepted; `lost`: an agent that was heard is silent, more than half of what it
 * sends is missing, or the collector is silent. Only `quiet` says that all is well.
 */
export const signalStates = ['waiting', 'quiet', 'firing', 'undecidable', 'lost'] as const;
export type SignalState = (typeof signalStates)[number];

/** Of a run that a monitor may abort; `learning`: the baseline that the threshold is relative to is not measured yet. */
export const armedStates = [...signalStates, 'learning'] as const;
export type ArmedState = (typeof armedStates)[number];

export type MonitoredAgent = {
  agent: string;
  subAgent: number;
  datagrams: number;
  datagramsPerSecond: number;
  samplesPerSecond: number;
  /** Datagrams by gaps in their numbers, and samples that the agent says it dropped. */
  lost: number;
  sampleDrops: number;
  restarts: number;
  signal: 'good' | 'degraded' | 'lost';
  /** RFC 3339 */
  lastDatagramAt: string;
  /** One packet of so many is sampled; absent before the first sample. */
  samplingRate?: number;
};

/**
 * Datagrams and samples that the collector received and did not use, since it was opened: `source` (not in its allow-list), `tooLong`, `rate` (too many
 * of one source), `kernelDrops`, `samplingRate` and `frameLength` (not believed), `untracked` (no room), or what was wrong with their bytes, such as
 * `UnsupportedVersion`.
 */
export type Refused = { reason: string; count: number };

export type MonitoredFlow = { name: string; topKeys: { key: string; value: number }[] };

/** That a value went over its threshold (or fell below it): what decided, and when. Values in the metric's unit a second. */
export type Crossing = {
  threshold: string;
  /** The flow's key values; empty without keys, absent where the total of a source was judged. */
  flow?: string;
  /** The smoothed value, which is reported, and what it was judged against. */
  value: number;
  limit: number;
  agent: string;
  dataSource: string;
  /** That the decision rests on, and 95 % error of the value in percent. */
  samples: number;
  errorPercent: number;
  eventId: number;
  /** RFC 3339: when the datagram came that decided. */
  at: string;
};

export type MonitoredThreshold = {
  name: string;
  state: SignalState;
  /** Why it is not quiet, or what warns. */
  message: string;
  /** Of the largest flow, and which that is. */
  value: number;
  flow?: string;
  limit: number;
  /** Samples that a value at the threshold rests on, and 95 % error of it in percent; absent before the first sample. */
  samples?: number;
  errorPercent?: number;
  lastCrossing?: Crossing;
};

/** A threshold that may abort a run. `crossing` is kept once there is one, until the run is over. */
export type ArmedThreshold = {
  /** Uid of the run. */
  run: string;
  threshold: string;
  state: ArmedState;
  message: string;
  /** Undefined while it is learned. */
  limit?: number;
  baseline?: { rate: number; low: number; high: number };
  crossing?: Crossing;
  /** Name of the NetworkNotification that tells of `crossing`. */
  notification?: string;
};

export type MonitorStatus = {
  observedGeneration: number;
  /** `collector`, or the address of an sFlow-RT. */
  observedBy: string;
  /** RFC 3339, of the observer's clock; it advances every second. */
  heartbeatAt: string;
  /** The worst of all thresholds. */
  state: SignalState;
  message: string;
  agentCount: number;
  /** Those of the most datagrams. */
  agents: MonitoredAgent[];
  /** Of the built-in collector. */
  refused?: Refused[];
  flows: MonitoredFlow[];
  thresholds: MonitoredThreshold[];
  armed: ArmedThreshold[];
  /** By uid of the run: the traffic of its targets and of others, by phase. */
  traffic: { run: string; traffic: NetworkTraffic }[];
  conditions: Condition[];
};
