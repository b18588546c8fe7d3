import type { FaultWork } from '../../src/api/index.ts';
import type { KernelDriver, Namespace } from '../../src/agent/index.ts';
import { type Clock, SquallError } from '../../src/lib/index.ts';

export type KernelCall = { call: string; podUid: string; at: number; timeoutMs?: number };

/** A kernel that does nothing but keep account, and fails where a test wants it to. */
export type FakeKernel = KernelDriver & {
  calls: KernelCall[];
  /** Calls by name, in order: `prepare`, `commit`, `renew`, `close`, `remove` … */
  names(): string[];
  of(call: string): KernelCall[];
  /** Faults of which something is in the kernel. */
  prepared: Set<string>;
  /** When the kernel itself ends each fault. */
  heldUntil: Map<string, number>;
  /** Resolves at the next call of that name. */
  next(call: string): Promise<KernelCall>;
  fail: Partial<
    Record<
      'prepare' | 'commit' | 'renew' | 'exchange' | 'close' | 'remove' | 'read' | 'sweep',
      (podUid: string) => string | undefined
    >
  >;
  before: Partial<Record<'prepare' | 'commit' | 'renew', () => Promise<void>>>;
  residueOfSweep: number;
  /** What `verify` finds. */
  differences: string[];
};

export function createFakeKernel(clock: Clock, inodeOf: (path: string) => number): FakeKernel {
  const waiting: { call: string; resolve: (call: KernelCall) => void }[] = [];
  const note = (call: string, podUid: string, timeoutMs?: number) => {
    const entry: KernelCall = { call, podUid, at: clock.monotonic(), ...(timeoutMs === undefined ? {} : { timeoutMs }) };
    kernel.calls.push(entry);
    for (const waiter of waiting.splice(0)) {
      if (waiter.call === call) waiter.resolve(entry);
      else waiting.push(waiter);
    }
  };
  const failIfWanted = (call: keyof FakeKernel['fail'], podUid: string) => {
    const message = kernel.fail[call]?.(podUid);
    if (message !== undefined) throw new SquallError('KernelRefused', message);
  };
  const kernel: FakeKernel = {
    calls: [],
    prepared: new Set(),
    heldUntil: new Map(),
    fail: {},
    before: {},
    residueOfSweep: 0,
    differences: [],
    names: () => kernel.calls.map(({ call }) => call),
    of: (call) => kernel.calls.filter((entry) => entry.call === call),
    next: (call) =>
      new Promise((resolve) => {
        waiting.push({ call, resolve });
      }),
    openNamespace: (podUid, path) => {
      note('open', podUid);
      return Promise.resolve({ podUid, path, inode: inodeOf(path) });
    },
    tryComposition: () => Promise.resolve({ meets: [] }),
    prepare: async ({ podUid }: Namespace, work: FaultWork) => {
      await kernel.before.prepare?.();
      note('prepare', podUid);
      failIfWanted('prepare', podUid);
      kernel.prepared.add(podUid + work.id);
      return 'netem';
    },
    commit: async ({ podUid }, faultId, timeoutMs) => {
      await kernel.before.commit?.();
      const forMs = timeoutMs();
      note('commit', podUid, forMs);
      failIfWanted('commit', podUid);
      kernel.heldUntil.set(podUid + faultId, clock.monotonic() + forMs);
    },
    renew: async ({ podUid }, faultId, timeoutMs) => {
      await kernel.before.renew?.();
      const forMs = timeoutMs();
      note('renew', podUid, forMs);
      failIfWanted('renew', podUid);
      if (clock.monotonic() >= (kernel.heldUntil.get(podUid + faultId) ?? 0)) {
        throw new SquallError('KernelRefused', `LeaseExpired: ${faultId}`);
      }
      kernel.heldUntil.set(podUid + faultId, clock.monotonic() + forMs);
    },
    exchange: async ({ podUid }, { ends, begins }, timeoutMs) => {
      await Promise.resolve();
      const forMs = timeoutMs();
      note('exchange', podUid, forMs);
      failIfWanted('exchange', podUid);
      if (clock.monotonic() >= (kernel.heldUntil.get(podUid + ends) ?? 0)) {
        throw new SquallError('KernelRefused', `LeaseExpired: ${ends}`);
      }
      kernel.heldUntil.delete(podUid + ends);
      kernel.heldUntil.set(podUid + begins, clock.monotonic() + forMs);
    },
    close: async ({ podUid }) => {
      await Promise.resolve();
      note('close', podUid);
      failIfWanted('close', podUid);
    },
    remove: async ({ podUid }, faultId) => {
      await Promise.resolve();
      note('remove', podUid);
      failIfWanted('remove', podUid);
      kernel.prepared.delete(podUid + faultId);
      return { residue: 0, changedByOthers: [] };
    },
    read: async ({ podUid }) => {
      await Promise.resolve();
      note('read', podUid);
      failIfWanted('read', podUid);
      return { packets: 1000, bytes: 84_000, drops: 300, offered: 1000, exposure: { h: 7 }, leaseLeftMs: 1 };
    },
    verify: async ({ podUid }) => {
      await Promise.resolve();
      note('verify', podUid);
      return kernel.differences;
    },
    sweep: async () => {
      await Promise.resolve();
      note('sweep', '');
      failIfWanted('sweep', '');
      return { removed: [], residue: kernel.residueOfSweep };
    },
  };
  return kernel;
}
