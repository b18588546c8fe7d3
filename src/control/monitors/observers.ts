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
  /**
   * Also of what could not be acquired. A client that nobody uses any more is closed; a collector that is open, whose port exporters know, stays.
   */
  release(user: string, endpoint: SflowRtEndpoint | undefined): Promise<void>;
  /** Closes all of them. */
  close(): Promise<void>;
};

export type ObserversOptions = {
  openCollector: () => Promise<NetworkObserver>;
  openSflowRt: (endpoint: SflowRtEndpoint) => NetworkObserver;
  onCollectorUnwanted?: () => void;
  clock: Pick<Clock, 'monotonic'>;
  onCrossing: (crossing: NetworkCrossing) => void;
};

type Opened = { observer: Promise<NetworkObserver>; users: Set<string>; failedAt?: number; stopListening?: () => void };

const reopenAfterMs = 5000;

export function createObservers(options: ObserversOptions): Observers {
  const { openCollector, openSflowRt, onCollectorUnwanted, clock, onCrossing } = options;
  const opened = new Map<string, Opened>();

  /** @param users of one that could not be opened */
  function open(endpoint: SflowRtEndpoint | undefined, users = new Set<string>()): Opened {
    const begin = async (): Promise<NetworkObserver> => (endpoint === undefined ? await openCollector() : openSflowRt(endpoint));
    const one: Opened = { observer: begin(), users };
    one.observer.then(
      (observer) => {
        one.stopListening = observer.onCrossing(onCrossing);
      },
      () => {
        one.failedAt = clock.monotonic();
        if (endpoint === undefined && one.users.size === 0) onCollectorUnwanted?.();
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
      const one = known === undefined || isOver ? open(endpoint, known?.users) : known;
      opened.set(name, one);
      one.users.add(user);
      return await one.observer;
    },
    release: async (user, endpoint) => {
      const name = nameOf(endpoint);
      const one = opened.get(name);
      one?.users.delete(user);
      if (one === undefined || one.users.size > 0) return;
      if (endpoint === undefined) {
        if (one.failedAt !== undefined) onCollectorUnwanted?.();
        return;
      }
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
