import type { Clock } from '../../lib/index.ts';
import type { NetworkCrossing, NetworkObserver } from '../../observers/index.ts';
import { createCache, keyOf, keyText, type ObjectKey, type Store, type WatchTrouble } from '../../store/index.ts';
import { experiments, monitors, notifications } from '../resources.ts';
import { createKeeper, type Keeper } from './keeper.ts';
import { createObservers, type SflowRtEndpoint } from './observers.ts';
import { createRunIndex } from './run-index.ts';

export type MonitorsOptions = {
  store: Store;
  clock: Clock;
  random: () => number;
  onError: (key: string, error: unknown, retryInMs: number) => void;
  onWatchTrouble?: WatchTrouble;
  /** Called at the first monitor without an endpoint, and again some seconds after it has rejected. What it gives is closed when the signal fires. */
  openCollector: () => Promise<NetworkObserver>;
  /** Told when the last monitor that wanted a collector which could not be opened has gone. @default nobody */
  onCollectorUnwanted?: () => void;
  /** Called once for the monitors of one endpoint; closed when the last of them has gone. @throws InvalidInput of one that is not to be asked */
  openSflowRt: (endpoint: SflowRtEndpoint) => NetworkObserver;
  /** Told of every crossing of a monitor, once its status is being written. @default nobody */
  onCrossing?: (crossing: NetworkCrossing) => void;
};

/**
 * Keeps every NetworkMonitor watched and its status true until the signal fires: a heartbeat every second, and every crossing at once. One
 * process at a time may do this.
 */
export async function runMonitors(options: MonitorsOptions, signal: AbortSignal): Promise<void> {
  const { store, clock, random, onWatchTrouble: trouble } = options;
  const monitorCache = createCache(store, monitors, { trouble }, clock, random, signal);
  const experimentCache = createCache(store, experiments, { trouble }, clock, random, signal);
  const notificationCache = createCache(store, notifications, { trouble }, clock, random, signal);
  const stopping = new AbortController();
  const keepers = new Map<string, Keeper>();
  const running = new Set<Promise<void>>();
  const observers = createObservers({
    ...options,
    onCrossing: (crossing) => {
      const keeper = keepers.get(crossing.subscription);
      if (keeper === undefined) return;
      keeper.crossed(crossing);
      options.onCrossing?.(crossing);
    },
  });
  // Which runs are armed is known before anything is said of a monitor. Nobody waits for its notifications.
  await Promise.all([monitorCache.synced, experimentCache.synced]);
  const runs = createRunIndex(experimentCache, (monitor) => keepers.get(monitor)?.runsChanged());

  function keeperOf(key: ObjectKey): Keeper {
    const id = keyText(key);
    const known = keepers.get(id);
    if (known !== undefined) return known;
    const gone = new AbortController();
    const onGone = (): void => {
      keepers.delete(id);
      gone.abort();
    };
    const keeper = createKeeper(
      key,
      { ...options, observers, notifications: notificationCache, runsOf: runs.runsOf, onGone },
      AbortSignal.any([signal, stopping.signal, gone.signal]),
    );
    keepers.set(id, keeper);
    const ended = keeper.run().finally(() => running.delete(ended));
    running.add(ended);
    return keeper;
  }

  monitorCache.onChange((key, { type, object }) => {
    keeperOf(key).show(type === 'deleted' ? undefined : object);
  });
  notificationCache.onChange(({ namespace }, { object: { metadata } }) => {
    const owner = metadata.ownerReferences?.find(({ kind }) => kind === monitors.kind);
    if (owner !== undefined) keepers.get(keyText({ namespace, name: owner.name }))?.notificationsChanged();
  });
  for (const object of monitorCache.list()) keeperOf(keyOf(object)).show(object);
  try {
    await Promise.all([monitorCache.ended, experimentCache.ended, notificationCache.ended]);
  } finally {
    stopping.abort();
    await Promise.all(running);
    await observers.close();
  }
}
