/**
 * What watches the network for others: the built-in collector, or a client of an external sFlow-RT. Subscriptions go in whole and can be given
 * again; views and crossings come out. Instants are milliseconds since 1970 of a clock that never goes back while the process lives.
 */
import type { ArmedState, Crossing, NetworkTraffic, Phase, Refused, SignalState } from '../api/index.ts';
import type { DetectionPower } from './detect/power.ts';
import type { Signal } from './detect/signal.ts';
import type { WrittenFlow } from './flows/definition.ts';

export type WatchedFlow = WrittenFlow & {
  name: string;
  smoothingMs: number;
  /** How many of the largest flows a view shows. */
  top: number;
  /** For the log of flows that an sFlow-RT can write; absent: it writes none. The collector has no such log. */
  log?: { flowStart: boolean; activeTimeoutMs?: number };
};

export type WatchedThreshold = {
  name: string;
  /** Name of a flow of the same subscription. */
  flow: string;
  /** In the metric's unit a second; with `timesBaseline` how far out the threshold is at least. */
  value: number;
  detector: 'cusum' | 'ewma';
  condition: 'above' | 'below';
  timesBaseline?: number;
  /** So long the condition must not be met before the next crossing is another event. */
  rearmMs: number;
  /** An event for each flow over the threshold, or only for the first. */
  byFlow: boolean;
  exemptTargets: boolean;
};

/** A run that thresholds of the subscription may abort. */
export type Arming = {
  run: string;
  thresholds: readonly string[];
  /** Of the run. The baseline is measured in `before`, and frozen from `during` on. */
  phase: Phase;
  /** Canonical addresses of the run's targets. */
  targets: readonly string[];
};

export type Subscription = {
  /** Of a NetworkMonitor `namespace/name`; of the REST server `rest`. */
  id: string;
  flows: readonly WatchedFlow[];
  thresholds: readonly WatchedThreshold[];
  armings: readonly Arming[];
  /** How an sFlow-RT is asked for events: so many at once, and so long one question waits. The collector tells at once. */
  events?: { most: number; timeoutMs: number };
};

/** `eventId` ascends from 0 in the life of one observer; with `observerStartedAt` it names the event for ever. */
export type NetworkCrossing = Omit<Crossing, 'at'> & {
  subscription: string;
  /** Uid of the run whose arming decided; undefined: the threshold by itself. */
  run?: string;
  observerStartedAt: number;
  at: number;
};

export type AgentView = {
  agent: string;
  subAgent: number;
  datagrams: number;
  datagramsPerSecond: number;
  samplesPerSecond: number;
  lost: number;
  late: number;
  restarts: number;
  malformed: number;
  sampleDrops: number;
  signal: Signal;
  lastDatagramAt: number;
  /** Seen or supposed, between counter samples. */
  pollingMs: number;
  /** The largest of its data sources; undefined before the first sample. */
  samplingRate?: number;
};

export type FlowView = { name: string; top: { key: string; value: number; agent: string; dataSource: string }[]; size: number };

export type ThresholdView = {
  name: string;
  state: SignalState;
  message: string;
  value: number;
  flow?: string;
  limit: number;
  power?: DetectionPower;
  lastCrossing?: NetworkCrossing;
};

export type ArmingView = {
  run: string;
  threshold: string;
  state: ArmedState;
  message: string;
  limit?: number;
  baseline?: { rate: number; low: number; high: number };
  crossing?: NetworkCrossing;
};

export type SubscriptionView = {
  /** When this was so: the heartbeat. */
  at: number;
  agents: AgentView[];
  flows: FlowView[];
  thresholds: ThresholdView[];
  armings: ArmingView[];
  /** What came and was not used; undefined where nobody counts. */
  refused?: Refused[];
  /** By run; absent where the observer sees no packets (an external sFlow-RT). */
  traffic: { run: string; traffic: NetworkTraffic }[];
};

export type NetworkObserver = {
  /** `collector`, or the address of an sFlow-RT. */
  name: string;
  /** Complete and idempotent: what was before under this id is replaced, detectors of what did not change go on. @throws InvalidInput */
  put: (subscription: Subscription) => Promise<void>;
  remove: (id: string) => Promise<void>;
  /** Undefined where there is no such subscription. Rejects where the observer cannot say: silence is never "all quiet". */
  view: (id: string) => Promise<SubscriptionView | undefined>;
  /** @returns ends it */
  onCrossing: (listener: (crossing: NetworkCrossing) => void) => () => void;
  close: () => Promise<void>;
};
