/** One process of a cluster watches its network: whoever holds the Lease, and nobody else writes what monitors see. */
import type { Logger } from 'pino';
import { systemNamespace } from '../../api/index.ts';
import type { Clock } from '../../lib/index.ts';
import { type Store, storeUntil } from '../../store/index.ts';
import { leadWhenElected } from '../operator/lead.ts';
import { tellElection } from '../operator/tell-election.ts';
import type { ObserverFacts } from './observer-readiness.ts';

/** The Lease of whoever observes. */
export const observerLease = { namespace: systemNamespace, name: 'squall-observer' };

export type ObserverOptions = {
  store: Store;
  /** Of this process alone. */
  identity: string;
  /** Where the Lease is. @default squall-system */
  namespace?: string;
  leaseSeconds: number;
  clock: Clock;
  random: () => number;
  log: Logger;
  /** Watches for every monitor until the signal fires; the store refuses what is asked of it after that. */
  watch: (store: Store, signal: AbortSignal) => Promise<void>;
};

export type Observer = {
  facts: () => ObserverFacts;
  /** Resolves once the signal has fired and everything has ended; rejects when `watch` does. */
  ended: Promise<void>;
};

/** Stands for election until the signal fires, and watches while it is elected. */
export function startObserver(options: ObserverOptions, signal: AbortSignal): Observer {
  const { store, identity, namespace = observerLease.namespace, leaseSeconds, clock, random, log, watch } = options;
  let contactAt = clock.monotonic();
  let leads = false;

  async function lead(acting: AbortSignal): Promise<void> {
    leads = true;
    try {
      await watch(storeUntil(store, acting), acting);
    } catch (error) {
      // Stopped before everything was read: nothing was said.
      if (!acting.aborted) throw error;
    } finally {
      leads = false;
    }
  }

  const ended = leadWhenElected(
    {
      store,
      key: { namespace, name: observerLease.name },
      identity,
      leaseSeconds,
      clock,
      random,
      lead,
      ...tellElection(log, { following: 'another observer watches', leading: 'the network is watched here' }),
      onContact: () => {
        contactAt = clock.monotonic();
      },
    },
    signal,
  );
  return { facts: () => ({ leads, leaseSeconds, silentMs: clock.monotonic() - contactAt }), ended };
}
