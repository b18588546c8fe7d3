import type { Clock } from '../../lib/index.ts';
import type { NetworkCrossing, NetworkObserver } from '../../observers/index.ts';

export type SflowRtEndpoint = { ip: string; port: number };

/** The observers that monitors share: one collector, and one client for each sFlow-RT. */
export type Observers = {
  /**
   * Opened when it is first asked for. Rejects with what kept it from being opened, and for a while with the same again.
   * @param user `namespace/name` of the monitor
   * @param endpoint undefined: the collector
   */
  acquire(user: string, endpoint: SflowRtEndpoint | undefined): Promise<NetworkObserver>;
  /** A client that nobody uses any more is closed; the collector, whose port exporters know, stays. */
  release(user: string, endpoint: SflowRtEndpoint | undefined): Promise<void>;
  /** Closes all of them. */
  close(): Promise<void>;
};

export type ObserversOptions = {
  openCollector: () => Promise<NetworkObserver>;
  openSflowRt: (endpoint: SflowRtEndpoint) => NetworkObserver;
  clock: Pick<Clock, 'monotonic'>;
  onCrossing: (crossing: NetworkCrossing) => void;
};

type Opened = { observer: Promise<NetworkObserver>; users: Set<string>; failedAt?: number; stopListening?: () => void };

const reopenAfterMs = 5000;

export function createObservers({ openCollector, openSflowRt, clock, onCrossing }: ObserversOptions): Observers {
  const opened = new Map<string, Opened>();

  function open(endpoint: SflowRtEndpoint | undefined): Opened {
    const begin = async (): Promise<NetworkObserver> => (endpoint === undefined ? await openCollector() : openSflowRt(endpoint));
    const one: Opened = { observer: begin(), users: new Set() };
    one.observer.then(
      (observer) => {
        one.stopListening = observer.onCrossing(onCrossing);
      },
      () => {
        one.failedAt = clock.monotonic();
      },
    );
    return one;
  }

  async function close({ observer, stopListening }: Opened): Promise<void> {
    stopListening?.();
    // One that could not be opened has told so to whoever asked for it.
    const there = await observer.catch(() => undefined);
    await there?.close();
  }

  return {
    acquire: async (user, endpoint) => {
      const name = nameOf(endpoint);
      const known = opened.get(name);
      const isOver = known?.failedAt !== undefined && clock.monotonic() - known.failedAt >= reopenAfterMs;
      const one = known === undefined || isOver ? open(endpoint) : known;
      opened.set(name, one);
      one.users.add(user);
      return await one.observer;
    },
    release: async (user, endpoint) => {
      const name = nameOf(endpoint);
      const one = opened.get(name);
      one?.users.delete(user);
      if (one === undefined || endpoint === undefined || one.users.size > 0) return;
      opened.delete(name);
      await close(one);
    },
    close: async () => {
      const all = [...opened.values()];
      opened.clear();
      await Promise.all(all.map(close));
    },
  };
}

/** What monitors of one observer have in common. */
export function nameOf(endpoint: SflowRtEndpoint | undefined): string {
  return endpoint === undefined ? 'collector' : `${endpoint.ip} ${String(endpoint.port)}`;
}
