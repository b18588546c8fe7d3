/**
 * The port between the agent's loop and what drives a kernel. The loop decides when; the driver knows how, keeps the ledger,
 * and plans together all faults that share one network namespace.
 */
import type { Driver, FaultWork } from '../api/index.ts';

/** A target's network namespace as it was found; `inode` tells whether a path still names the same one. */
export type Namespace = { podUid: string; path: string; inode: number };

export type FaultReading = {
  /** What met the gate of this fault since it was prepared. */
  packets: number;
  bytes: number;
  /** What the fault's qdiscs dropped, of how many packets that were offered to them. */
  drops: number;
  offered: number;
  /** Hypothesis → packets of it that met the gate while the lease was held. */
  exposure: Record<string, number>;
  /** Of a rate, by queue: what it let through, and what waits for it now. */
  shaped?: Record<string, { bytes: number; waitingBytes: number }>;
  /** What the kernel says is left of the lease; 0 when it has ended. */
  leaseLeftMs: number;
};

/** Whether a fault could join a target as it is now. */
export type Composition = {
  /** Why not; absent when it could. */
  refusal?: string;
  /** Ids of the faults that are on its device. */
  meets: string[];
  /** Where packets of the fault would wait: at most so many, each for at most so long. */
  queues?: { delayMs: number; packets: number }[];
};

export type Removal = {
  /** Things of this fault that are still in the kernel. */
  residue: number;
  /** What somebody else changed in the meantime and was therefore left as found, one sentence each. */
  changedByOthers: string[];
};

/**
 * How long the kernel may hold a fault, in milliseconds. It is asked at the last moment, when the command is about to run: waiting
 * behind other operations must not lengthen a lease. Nothing runs when it is less than 1.
 */
export type LeaseTime = () => number;

/**
 * Every call rejects with SquallError: `KernelRefused` with a reason in words when the kernel or the planner does not take
 * it, `NotFound` when the namespace is gone. A fault is named by (namespace, fault id); all calls may be repeated.
 */
export type KernelDriver = {
  /** Pins the namespace at `path`, a file of /run/netns or /proc/PID/ns/net. */
  openNamespace(podUid: string, path: string): Promise<Namespace>;
  /** Plans the fault together with what is on the target now; changes nothing. Every refusal of `prepare`'s planning is told. */
  tryComposition(namespace: Namespace, work: FaultWork): Promise<Composition>;
  /**
   * Ledger, tree and gate, all inert: no packet is hurt before `commit`. Exposure rules of other pods are ignored. Resolves to what is going to
   * act.
   */
  prepare(namespace: Namespace, work: FaultWork): Promise<Driver>;
  /** Commits: from now the kernel itself ends the fault after `timeoutMs`. */
  commit(namespace: Namespace, faultId: string, timeoutMs: LeaseTime): Promise<void>;
  /**
   * Sets the time of a lease that the kernel still holds. Rejects with KernelRefused, `LeaseExpired`, once the kernel has ended the
   * fault: in one transaction it proves that there was no gap and goes on.
   */
  renew(namespace: Namespace, faultId: string, timeoutMs: LeaseTime): Promise<void>;
  /**
   * In one transaction ends a lease that the kernel still holds and commits another fault, prepared beside it: every packet meets the one or
   * the other. Rejects as `renew` does, of the one that ends; then the other is not committed.
   */
  exchange(namespace: Namespace, faults: { ends: string; begins: string }, timeoutMs: LeaseTime): Promise<void>;
  /** Closes the gate: no packet is hurt once this resolves. Fine when the fault was never prepared. */
  close(namespace: Namespace, faultId: string): Promise<void>;
  /** Drains and removes; restores what was there. Fine when the fault was never prepared. */
  remove(namespace: Namespace, faultId: string): Promise<Removal>;
  read(namespace: Namespace, faultId: string): Promise<FaultReading>;
  /** How the kernel differs from what was put into it, one sentence each. */
  verify(namespace: Namespace): Promise<string[]>;
  /** Undoes, by ledger and by table name, everything of this instance that a former life left behind on this node. */
  sweep(): Promise<{ removed: string[]; residue: number }>;
};
