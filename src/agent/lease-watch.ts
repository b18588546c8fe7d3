import type { Clock } from '../lib/index.ts';
import type { Cache } from '../store/index.ts';
import { leaseLeftMs, type LeaseObject, type SeenLease, seeLease } from './lease.ts';

/** How long this agent may still count on each coordination Lease. */
export type LeaseWatch = {
  /** Milliseconds by the monotonic clock; 0 when there is no such Lease or it is no longer fresh. */
  leftMs(name: string): number;
  /** Called after a Lease was created, renewed or deleted. Returns what ends the calls. */
  onChange(listener: (name: string) => void): () => void;
};

export function watchLeases(cache: Pick<Cache<LeaseObject>, 'onChange'>, clock: Pick<Clock, 'monotonic'>): LeaseWatch {
  const seen = new Map<string, SeenLease>();
  const listeners = new Set<(name: string) => void>();
  cache.onChange(({ name }, change, sighting) => {
    if (change.type === 'deleted') seen.delete(name);
    else {
      const lease = seeLease(seen.get(name), change.object.spec, sighting, clock.monotonic());
      if (lease === undefined) seen.delete(name);
      else seen.set(name, lease);
    }
    for (const listener of [...listeners]) listener(name);
  });
  return {
    leftMs: (name) => leaseLeftMs(seen.get(name), clock.monotonic()),
    onChange: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}
