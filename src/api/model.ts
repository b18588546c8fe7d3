/**
 * The internal model: what every dialect is turned into at the edge. Complete (defaults filled in) and in base units:
 * milliseconds, percent from 0 to 100, plain numbers. No code behind `src/api` sees a unit string.
 */
import type { LabelSelector } from './metadata.ts';

export type Distribution = 'uniform' | 'normal' | 'pareto' | 'paretonormal';

/** What is done to packets. */
export type Fault =
  | {
      type: 'delay';
      delayMs: number;
      /** Half-width for `uniform`, standard deviation for the other distributions; 0 is none. */
      jitterMs: number;
      distribution: Distribution;
    }
  | {
      type: 'loss';
      percent: number;
      /** Mean length of a burst of lost packets; 1 is independent loss. */
      burst: number;
    }
  | { type: 'duplicate'; percent: number }
  | { type: 'corrupt'; percent: number }
  | { type: 'reorder'; percent: number; gap: number; delayMs: number }
  | { type: 'rate'; bitsPerSecond: number; latencyMs: number }
  | { type: 'slot'; minMs: number; maxMs: number }
  | { type: 'partition' };

/** What a fault becomes while it is active. @property atMs since it became active on the target */
export type FaultStep = { atMs: number; fault: Fault };

/** Again and again: the fault acts, then rests. It starts acting. */
export type Pulse = { activeMs: number; idleMs: number };

export type Direction = 'egress' | 'ingress' | 'both';

/** How many of a selector's candidates are hurt. */
export type TargetMode =
  { mode: 'all' | 'one' } | { mode: 'fixed'; count: number } | { mode: 'fixed-percent' | 'random-max-percent'; percent: number };

export type TargetSelector =
  | { kind: 'pod'; namespace: string; name: string }
  | { kind: 'selector'; namespace: string; selector: LabelSelector; mode: TargetMode };

/** A place that packets go to. */
export type Place =
  | { kind: 'ip'; ip: string }
  | { kind: 'cidr'; cidr: string }
  | { kind: 'host'; host: string }
  | { kind: 'pod' | 'service'; namespace: string; name: string }
  | { kind: 'selector'; namespace: string; selector: LabelSelector }
  | { kind: 'node'; name: string };

/** `port` only where layer 4 is meant. */
export type Endpoint = Place & { port?: number };

/** Both ends belong to it. */
export type PortRange = { first: number; last: number };

/** `ports` are those of the peer; without them, whatever its port. */
export type Peer = Place & { ports?: PortRange };

/** `icmp` is ICMP and ICMPv6. */
export const protocols = ['tcp', 'udp', 'sctp', 'icmp'] as const;
export type Protocol = (typeof protocols)[number];

/**
 * What no fault hurts unless it is told to: the addresses of the target's node, the API server's, name resolution (port 53), and what tells of
 * the network itself, sFlow on its way to a collector (UDP port 6343).
 */
export const includable = ['node', 'dns', 'apiserver', 'sflow'] as const;
export type Includable = (typeof includable)[number];

/** One configuration and the targets that get it. The origin allows a configuration per target, so a shaper has parts. */
export type ShaperPart = {
  targets: TargetSelector[];
  device: string;
  direction: Direction;
  /** From the beginning; with `steps`, until the first of them. */
  fault: Fault;
  /** By time, ascending; each is of the type of `fault` and takes the place of what was before. Empty: it never changes. */
  steps: FaultStep[];
  /** Absent: it acts all the time. Steps count the whole time, also that of rest. */
  pulse?: Pulse;
  /** Only packets to these are hurt; an empty list means every peer. */
  peers: Peer[];
  protocol?: Protocol;
  /** Only packets of which the target's own port is one of these; an empty list means whatever their ports. */
  ports: PortRange[];
  /** Never hurt, even where they are among the peers. */
  except: Place[];
  include: Includable[];
};

export type Shaper = {
  parts: ShaperPart[];
  durationMs?: number;
  /** Kernel lease in seconds. @default 30, at least 3 */
  leaseSeconds: number;
};

export type ConnectivityTest = {
  layer: 3 | 4;
  source: { namespace: string; name?: string; selector?: LabelSelector };
  destinations: Endpoint[];
  /** Between two probes to one destination. @default 200 */
  periodMs: number;
  /** A reply later than this is lost. @default 1000 */
  timeoutMs: number;
  /** How often a bare test is repeated; undefined is once. */
  frequencyMs?: number;
  /** Probes to each destination when the test is run by itself. @default 10 */
  count: number;
};

/** iperf between every client and every server. */
export type PerformanceTest = {
  clients: { endpoint: Endpoint; protocol: 'tcp' | 'udp'; bitsPerSecond?: number; bidirectional: boolean }[];
  servers: Endpoint[];
  /** @default 5201 */
  port: number;
  /** Of one iteration. @default 10000 */
  durationMs: number;
  /** @default 1 */
  iterations: number;
};

/** An expression that an observer answers with one number; the metric's name in tolerances is `value`. */
export type Query = { endpoint?: string; expression: string };

export const phases = ['before', 'during', 'after'] as const;
export type Phase = (typeof phases)[number];

export const connectivityMetrics = [
  'lossPercent',
  'rttMin',
  'rttMean',
  'rttP50',
  'rttP95',
  'rttP99',
  'rttMax',
  'jitter',
] as const;
export type ConnectivityMetric = (typeof connectivityMetrics)[number];

export const performanceMetrics = ['bitrate', 'retransmits', 'lossPercent', 'rttMean', 'jitter'] as const;
export type PerformanceMetric = (typeof performanceMetrics)[number];

/** All limits given must hold. Milliseconds, percentage points or bits per second, as the metric. */
export type Bound = {
  atMost?: number;
  /** Most above the value measured before the fault, in the metric's own unit; not evaluated in `before`. */
  overBaseline?: number;
  /** The same as a percentage of the value before; negative for a metric that may fall (bit rate). */
  overBaselinePercent?: number;
};
export type Tolerance = Partial<Record<string, Bound>>;

export type HypothesisTest =
  | { kind: 'connectivity'; connectivity: ConnectivityTest }
  | { kind: 'connectivity' | 'performance'; ref: string }
  | { kind: 'performance'; performance: PerformanceTest }
  | { kind: 'query'; query: Query };

export type HypothesisEntry = {
  name: string;
  test: HypothesisTest;
  phases: Phase[];
  /** Already resolved per phase: `tolerances.<phase>` where given, else `tolerance`. */
  tolerances: Record<Phase, Tolerance>;
  recoverWithinMs?: number;
};

export type AbortRule =
  { kind: 'hypothesis'; hypothesis: string; forMs: number } | { kind: 'monitor'; monitor: { ref: string; threshold: string } };

/** The most that may be hurt: of an experiment, by one run; of a place, by all runs together. What is absent is not limited. */
export type BlastRadius = {
  maxTargets?: number;
  /** Of the running pods of one workload, from 1 to 100. */
  maxPercentOfWorkload?: number;
  /** Of the running pods of one namespace, from 1 to 100. */
  maxPercentOfNamespace?: number;
  /** Of all running pods, from 1 to 100. */
  maxPercentOfCluster?: number;
  maxNodes?: number;
  /** Runs that hurt one pod at the same time, this one among them. */
  maxRunsPerTarget?: number;
  /** How long a target must have existed. */
  minAgeMs?: number;
};

/** A NetworkExperiment's spec. `fault` is absent only where a bare test was wrapped into a run. */
export type Experiment = {
  durationMs: number;
  fault?: { ref: string } | { shaper: Shaper };
  beforeMs: number;
  afterMs: number;
  hypothesis: HypothesisEntry[];
  preflight: { ref: string }[];
  abort: AbortRule[];
  blastRadius?: BlastRadius;
  /** Where some nodes cannot do the fault: nobody is hurt, or only targets on the others. */
  onUnsupported: 'refuse' | 'skip';
  /** Given, or drawn when the run is created; recorded in the report. */
  seed?: string;
};
