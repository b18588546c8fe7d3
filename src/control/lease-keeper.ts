import { systemNamespace } from '../api/index.ts';
import { type Clock, codeOf, formatMicroTime } from '../lib/index.ts';
import type { Store } from '../store/index.ts';
import { type Lease, leases } from './resources.ts';

export type LeaseKeeper = {
  /** Makes the Lease fresh before it returns, then keeps it fresh until it is dropped. Calling it again changes nothing. */
  hold(name: string, seconds: number): Promise<void>;
  /** Stops renewing and deletes the Lease. */
  drop(name: string): Promise<void>;
  /** Stops all renewing; what is held runs out by itself. */
  stop(): void;
};

/**
 * Keeps one coordination Lease per run fresh, renewed at a third of its length. It tells the agents that somebody is in charge:
 * they renew a kernel's lease only while it is fresh.
 */
export function createLeaseKeeper(
  store: Store,
  identity: string,
  clock: Clock,
  onError: (name: string, error: unknown) => void,
  /** `late`: more than two thirds of the Lease's length after the renewal before. */
  onRenewal: (result: 'done' | 'late' | 'failed') => void = () => undefined,
): LeaseKeeper {
  const held = new Map<string, AbortController>();

  async function renew(name: string, seconds: number): Promise<void> {
    const key = { namespace: systemNamespace, name };
    const spec = { holderIdentity: identity, leaseDurationSeconds: seconds, renewTime: formatMicroTime(clock.now()) };
    try {
      const current = await store.get(leases, key, { timeoutMs: 2000 });
      await store.update(leases, { ...current, spec }, { timeoutMs: 2000 });
    } catch (error) {
      if (codeOf(error) !== 'NotFound') throw error;
      const lease: Lease = { apiVersion: leases.apiVersion, kind: leases.kind, metadata: key, spec };
      await store.create(leases, lease, { timeoutMs: 2000 });
    }
  }

  async function keep(name: string, seconds: number, signal: AbortSignal): Promise<void> {
    let renewedAt = clock.monotonic();
    for (;;) {
      try {
        await clock.sleep((seconds * 1000) / 3, signal);
      } catch {
        return;
      }
      try {
        await renew(name, seconds);
        const now = clock.monotonic();
        onRenewal(now - renewedAt > (seconds * 2000) / 3 ? 'late' : 'done');
        renewedAt = now;
      } catch (error) {
        onRenewal('failed');
        onError(name, error);
      }
    }
  }

  return {
    async hold(name, seconds) {
      if (held.has(name)) return;
      const controller = new AbortController();
      held.set(name, controller);
      try {
        await renew(name, seconds);
      } catch (error) {
        held.delete(name);
        throw error;
      }
      void keep(name, seconds, controller.signal);
    },
    async drop(name) {
      held.get(name)?.abort();
      held.delete(name);
      await store.delete(leases, { namespace: systemNamespace, name }).catch((error: unknown) => {
        if (codeOf(error) !== 'NotFound') throw error;
      });
    },
    stop() {
      for (const controller of held.values()) controller.abort();
      held.clear();
    },
  };
}
