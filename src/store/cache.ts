import { type Clock, SquallError } from '../lib/index.ts';
import { type Change, keyOf, keyText, type Sighting } from './changes.ts';
import { listWatch, type ListWatchHandler, type ListWatchOptions, type WatchTrouble } from './list-watch.ts';
import type { AnyObject, ObjectKey, Resource, Store, Stored } from './port.ts';

/** One resource in memory, kept up to date. It may lag behind the server; a write with its resourceVersion then conflicts. */
export type Cache<T extends AnyObject> = {
  get(key: ObjectKey): Stored<T> | undefined;
  list(): Stored<T>[];
  /** Called after the cache shows the change. Returns what ends the calls. Objects that are there already are not told. */
  onChange(listener: (key: ObjectKey, change: Change<T>, sighting: Sighting) => void): () => void;
  /** Resolves once everything that existed at the start is in; rejects with Unavailable when the signal fires before. */
  synced: Promise<void>;
  /** Resolves when the signal fires; rejects with what a listener threw, and the cache then stands still. */
  ended: Promise<void>;
};

export type CacheOptions = ListWatchOptions & { trouble?: WatchTrouble };

export function createCache<T extends AnyObject>(
  store: Store,
  resource: Resource<T>,
  { trouble, ...options }: CacheOptions,
  clock: Clock,
  random: () => number,
  signal: AbortSignal,
): Cache<T> {
  const objects = new Map<string, Stored<T>>();
  const listeners = new Set<(key: ObjectKey, change: Change<T>, sighting: Sighting) => void>();
  const synced = Promise.withResolvers<undefined>();
  // Nobody has to wait for it: a cache that is stopped early is not a failure by itself.
  synced.promise.catch(() => undefined);

  const handler: ListWatchHandler<T> = {
    change: (change, sighting) => {
      const key = keyOf(change.object);
      if (change.type === 'deleted') objects.delete(keyText(key));
      else objects.set(keyText(key), change.object);
      for (const listener of [...listeners]) listener(key, change, sighting);
    },
    synced: () => {
      synced.resolve(undefined);
    },
    trouble,
  };
  const ended = listWatch(store, resource, options, handler, clock, random, signal).finally(() => {
    synced.reject(new SquallError('Unavailable', `the cache of ${resource.plural} was stopped before its first list came`));
  });

  return {
    get: (key) => objects.get(keyText(key)),
    list: () => [...objects.values()],
    onChange: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    synced: synced.promise,
    ended,
  };
}
