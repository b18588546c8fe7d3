/**
 * NodeTask: one piece of work for one node. Only controllers write the spec, only that node's agent writes the status.
 * Everything is in base units and every peer is an address; the agent alone plans what goes into the kernel.
 */
import { createHash } from 'node:crypto';
import type { Direction, Fault, PortRange, Protocol, Pulse, Includable } from './model.ts';
import type { KubeObject } from './metadata.ts';
import type { SecondAggregate } from './measurement.ts';

export const nodeLabel = 'squall.networkmachinery.io/node';
/** What a label's value may have. */
const longestLabelValue = 63;

/**
 * A node's name where only so much fits as a label's value may have, as in `nodeLabel`: the name itself, or, of one that is longer, its
 * beginning and the first 16 hexadecimal digits of its SHA-256.
 */
export function shortNodeName(node: string): string {
  if (node.length <= longestLabelValue) return node;
  const hash = createHash('sha256').update(node).digest('hex').slice(0, 16);
  // The beginning ends in a letter or digit: a label takes `.-` in its middle, the name of an object does not.
  const beginning = node.slice(0, longestLabelValue - hash.length - 1).replace(/[-.]+$/, '');
  return `${beginning}-${hash}`;
}

export const runUidLabel = 'squall.networkmachinery.io/run-uid';
/** In its place on tasks of a NetworkModulesValidator, whose name and uid are in `run`. */
export const validatorUidLabel = 'squall.networkmachinery.io/validator-uid';
/** On the Lease by which a node's agent says that it is there: things of a former life still in kernels of its node. */
export const agentResidueAnnotation = 'squall.networkmachinery.io/residue';
export const workLabel = 'squall.networkmachinery.io/work';

export type NodeTaskTarget = { podUid: string; namespace: string; name: string; ips: string[] };

/** Addresses and blocks; an empty family list means none of that family. */
export type Addresses = { ipv4: string[]; ipv6: string[] };

/** Packets to these only: whatever their ports, and `atPorts` only where the peer's port is one of these. `all` means every address of both families. */
export type Peers = 'all' | (Addresses & { atPorts?: (Addresses & { ports: PortRange })[] });

/** Packets of one hypothesis that leave a target: how the gate can tell them from other traffic. */
export type ExposureRule = {
  hypothesis: string;
  podUid: string;
  /** The other end, as the target's packets name it in their destination. */
  address: string;
  protocol: 'icmp' | 'tcp';
};

/**
 * Names that the agent looks up as each target itself would, before the fault and while it is active; their addresses join those of `peers` and
 * `except`. With names alone the lists of `peers` are empty.
 */
export type HostNames = { peers: { host: string; ports?: PortRange }[]; except: string[] };

export type FaultWork = {
  /** Unique among all faults of this instance; at most 32 characters of [a-z0-9]. It names the lease set in the kernel. */
  id: string;
  device: string;
  direction: Direction;
  /** From the beginning; with `steps`, until the first of them. */
  effect: Fault;
  /**
   * What takes the place of the effect, `atMs` after the fault became active on a target: ascending, at least 1 s apart, the first at 1 s
   * or later, all of the effect's type, at most 300. Absent: the effect never changes.
   */
  steps?: { atMs: number; effect: Fault }[];
  /** It acts and rests in turns, starting active; `atMs` of steps counts on while it rests. Absent: it acts all the time. */
  pulse?: Pulse;
  peers: Peers;
  /** Only packets of this protocol; absent: of every one. */
  protocol?: Protocol;
  /** Only packets of which the target's own port is one of these; absent: whatever their ports. */
  ports?: PortRange[];
  /** Addresses that this fault does not hurt, though its peers cover them. */
  except?: Addresses;
  /** Absent: no names. They are never changed. */
  hosts?: HostNames;
  /** Addresses that no fault of the target hurts: the node's own, and the API server's. */
  excluded: string[];
  /** What is spared where nothing is said, and this fault hurts all the same. Neighbour discovery is always spared. */
  include?: Includable[];
  /** For each target, addresses inside the fault's selector that the agent pings to measure the dose; none: not measurable. */
  dosePeers: Record<string, string[]>;
  exposure: ExposureRule[];
  /** The agent's own, which no controller writes: the id of the fault that this is a later version of. No packet meets two versions of one fault. */
  versionOf?: string;
};

export type ProbeStream = {
  /** Unique within the task; the hypothesis's name, destination and address, joined. */
  id: string;
  hypothesis: string;
  /** The pod whose network namespace the probe runs in; one of the task's targets. */
  podUid: string;
  protocol: 'icmp' | 'tcp';
  address: string;
  /** Only with tcp. */
  port?: number;
  periodMs: number;
  timeoutMs: number;
  /** Stop after so many probes; absent: until the task ends. */
  count?: number;
};

/** What a kernel is tried for. */
export const capabilities = [
  'netem',
  'prio',
  'tbf',
  'htb',
  'bpf-filter',
  'ifb',
  'nft-set-timeout',
  'nft-set-priority',
  'nft-match-traffic',
  'nft-forward-ingress',
  'nft-forward-egress',
] as const;
export type Capability = (typeof capabilities)[number];

/** Of the node, or of a pod's network namespace. */
export type SysctlScope = 'host' | 'pod';

/** What reading a sysctl must give. Runs of blanks count as one; numbers are whole. */
export type SysctlExpectation =
  | { operator: 'equals'; value: string }
  | { operator: 'oneOf'; values: string[] }
  | { operator: 'range'; atLeast?: number; atMost?: number }
  | { operator: 'exists' }
  | { operator: 'absent' };

/** Versions of one to three numbers; at least one of the two. */
export type KernelRange = { atLeast?: string; atMost?: string };

/** What acts on packets: netem, or, where a kernel has none, htb and a filter by chance, which lose and slow down but cannot delay. */
export type Driver = 'netem' | 'htb';

/** @property does whether the driver knows this fault at all. */
export type DriverWay = { driver: Driver; does: boolean; capabilities: Capability[] };

export type PreflightCheck =
  | { check: 'capability'; capability: Capability }
  /** One of these drivers does the fault, and the kernel has all that it needs. */
  | { check: 'driver'; ways: DriverWay[] }
  | { check: 'tool'; tool: string }
  /** By name as sysctl(8) writes it. With `podUid` in that pod's network namespace, else in the node's. */
  | { check: 'sysctl'; sysctl: string; podUid?: string; expect: SysctlExpectation }
  /** Loaded, or built into the kernel. */
  | { check: 'module'; module: string }
  | { check: 'qdisc'; qdisc: string }
  | { check: 'kernel'; range: KernelRange }
  /** The device exists in the target and, unless only what comes in is hurt, its root qdisc can be replaced and restored. */
  | { check: 'device'; podUid: string; device: string; direction?: Direction }
  | { check: 'distribution'; distribution: string }
  /** Each of these targets finds addresses of each of these names. */
  | { check: 'hosts'; podUids: string[]; hosts: string[] }
  /** The node can renew leases of this length on so many targets in time. */
  | { check: 'lease'; seconds: number; targets: number }
  /** The fault, without exposure, can join what is on each of these targets now. */
  | { check: 'composition'; podUids: string[]; fault: FaultWork }
  /** What these targets send and receive at the device passes their namespace's own IP stack. By pod uid: the RuntimeClass, where one is named. */
  | { check: 'ip-stack'; podUids: string[]; device: string; runtimeClasses?: Record<string, string> }
  /** The tables of connections of these targets and of their node have room. */
  | { check: 'conntrack'; podUids: string[] }
  /** TCP of these targets bears it that for so long nothing is answered. */
  | { check: 'tcp-timeouts'; podUids: string[]; silenceMs: number }
  /** No proxy gives the packets of these targets other ports than the fault names. By pod uid: the container that does. */
  | { check: 'service-mesh'; proxies: Record<string, string> }
  /** No program hands over data from socket to socket of this node, past every device. */
  | { check: 'short-circuit' };

/**
 * @property driver what is going to act; only of a check for one that is ok
 * @property warning what is not as it should be, though the check is ok: nothing is refused for it
 */
export type CheckResult = {
  check: PreflightCheck;
  ok: boolean;
  expected: string;
  found: string;
  remedy: string;
  driver?: Driver;
  warning?: string;
};

export type NodeTaskSpec = {
  node: string;
  run: { uid: string; namespace: string; name: string };
  work: 'fault' | 'probe' | 'preflight' | 'enforce';
  instance: string;
  generation: number;
  /** `undo` ends the work: a fault is undone, probes stop. Deleting the task orders the same. */
  order: 'apply' | 'undo';
  targets: NodeTaskTarget[];
  fault?: FaultWork;
  probe?: { streams: ProbeStream[] };
  checks?: PreflightCheck[];
  /** Of the node, to be kept at these values until the task is undone or deleted. */
  sysctls?: { sysctl: string; value: string }[];
  /** The coordination Lease (in the system namespace) that must stay fresh, and the kernel lease in seconds. */
  lease: { name: string; seconds: number };
  /** RFC 3339; the work ends here by itself. */
  notAfter: string;
};

export const targetPhases = ['Pending', 'Applying', 'Active', 'Undoing', 'Clean', 'Lost', 'Refused'] as const;
export type TargetPhase = (typeof targetPhases)[number];

export type DoseUnit = 'ms' | '%' | 'bit/s';

export type Dose = {
  requested: { value: number; unit: DoseUnit };
  measured: { value: number; low: number; high: number; unit: DoseUnit };
  samples: number;
  source: 'probe' | 'counters';
  ok: boolean;
};

/** @property dose absent where the step was too short to tell */
export type PastStep = { step: number; since: string; effect: Fault; dose?: Dose };

export type TargetStatus = {
  podUid: string;
  phase: TargetPhase;
  reason?: string;
  message?: string;
  driver?: Driver;
  /** What met the gate of this fault, and what its qdiscs dropped. */
  counters?: { packets: number; bytes: number; drops: number };
  /**
   * Of the kernel's lease: how many were done, how many of those came late (less than a third of the lease was left), and how many the
   * kernel did not take.
   */
  renewals?: { done: number; late: number; failed: number };
  dose?: Dose;
  /** Of a fault with steps: at which it is, 0 being the beginning; and of those that are over when they began, the newest last, at most 32. */
  step?: number;
  pastSteps?: PastStep[];
  /** A pulse rests: no packet is hurt until it acts again. */
  resting?: boolean;
  /** Packets of each hypothesis that met the gate while the lease was held. */
  exposure?: Record<string, number>;
  /** RFC 3339: when the present phase began. */
  since: string;
  /** RFC 3339: lease committed; gate closed (no packet is hurt any more); drained and removed. */
  activeAt?: string;
  cleanAt?: string;
  undoneAt?: string;
  /** What is not as it should be while the fault goes on all the same, one sentence each. */
  warnings?: string[];
  /** What somebody else changed in the kernel meanwhile and was left as found, one sentence each. */
  changedByOthers?: string[];
};

export type NodeTaskStatus = {
  observedGeneration: number;
  targets: TargetStatus[];
  /** By stream id: the newest complete seconds, oldest first, at most 20. */
  aggregates?: Record<string, SecondAggregate[]>;
  checks?: CheckResult[];
  /** Things of ours still in kernels of this node that this task put there; 0 once every target is Clean. */
  residue: number;
  /** The kernel release that the agent sees, such as 6.1.0-56-cloud-amd64. */
  kernel?: string;
};

export type NodeTask = KubeObject<NodeTaskSpec, NodeTaskStatus>;
