import type { NodeTask } from '../api/index.ts';
import type { Clock } from '../lib/index.ts';
import type { Resource, Store, Stored } from '../store/index.ts';
import type { System } from '../preflight/index.ts';
import type { TryCapability } from './capability-cache.ts';
import type { Enforcer } from './enforcement/enforcer.ts';
import type { HostResolver } from './hosts/resolver.ts';
import type { HaltWatch } from './halt-watch.ts';
import type { KernelDriver } from './kernel-driver.ts';
import type { LeaseWatch } from './lease-watch.ts';
import type { Limiter } from './limiter.ts';
import type { Log } from './log.ts';
import type { NodePlace } from './node-checks/node-place.ts';
import type { PodNamespaces } from './namespaces/pod-namespaces.ts';

export type StoredTask = Stored<NodeTask>;

/** Why work ends; it becomes the reason of targets that end by it, except for `Ordered`, which is how things should go. */
export type EndReason = 'Ordered' | 'TaskDeleted' | 'NotAfter' | 'LeaseExpired' | 'AgentStopped' | 'Halted' | 'HaltUnknown';

/** What every piece of work needs. */
export type AgentContext = {
  store: Store;
  tasks: Resource<NodeTask>;
  node: string;
  instance: string;
  stateFolder: string;
  kernel: KernelDriver;
  clock: Clock;
  random: () => number;
  log: Log;
  leases: LeaseWatch;
  halts: HaltWatch;
  namespaces: PodNamespaces;
  /** The run that a fault belongs to, as `namespace/name`; the fault's id where its task is unknown. */
  nameOfFault: (faultId: string) => string;
  /** The JavaScript file of the TCP prober. */
  tcpProbeProgram: string;
  /** Few at once, whoever asks; renewals wait for none of them. */
  resolveHosts: HostResolver;
  /** How many targets are changed at once, how many are read, and how many baselines are measured. */
  targetLimit: Limiter;
  readLimit: Limiter;
  pingLimit: Limiter;
  /** Resolves when nothing of a former life is in the kernel any more: no fault is applied before. */
  swept: Promise<void>;
  kernelRelease: string;
  /** As it was seen a while ago where nothing has changed since. */
  tryCapability: TryCapability;
  system: () => Promise<System>;
  nodePlace: NodePlace;
  enforcer: Enforcer;
  /** Fires when the agent has begun to stop. */
  stopping: AbortSignal;
};

/** One task being worked on. */
export type TaskWork = {
  /** The object has changed. */
  update: (task: StoredTask) => void;
  end: (reason: EndReason) => void;
  /** Things that its undo could not remove yet; absent: there never are. */
  residue?: () => number;
  /** Resolves when nothing is left to do, the last status written or given up; never rejects. */
  done: Promise<void>;
};
