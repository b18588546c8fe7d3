import { type HaltObject, haltMessage } from '../api/index.ts';
import type { Cache } from '../store/index.ts';

/** The safety lever, as this agent sees it by itself: whoever controls runs may be gone. */
export type HaltWatch = {
  /** Who halts everything and why; undefined while nobody does, as far as is known. */
  said(): string | undefined;
  /** Whether the levers have been read at all: before, nobody knows that none is pulled. */
  isKnown(): boolean;
  /** Called when a lever was pulled or let go, and once it is known. Returns what ends the calls. */
  onChange(listener: () => void): () => void;
};

export function watchHalts(cache: Pick<Cache<HaltObject>, 'list' | 'onChange' | 'synced'>): HaltWatch {
  const listeners = new Set<() => void>();
  let isKnown = false;
  const tell = (): void => {
    for (const listener of [...listeners]) listener();
  };
  cache.onChange(tell);
  cache.synced.then(
    () => {
      isKnown = true;
      tell();
    },
    // The agent ends before it knows.
    () => undefined,
  );
  return {
    said: () => haltMessage(cache.list()),
    isKnown: () => isKnown,
    onChange: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}
