import type { Urgency } from '../limiter.ts';

/** Runs work of the same key one after the other, in order; work of different keys runs side by side. */
export type KeyedQueue = (<T>(key: number, work: () => Promise<T>, urgency?: Urgency) => Promise<T>) & {
  /** Whether something urgent waits for its turn: what goes on under that key now is then as urgent. */
  isAwaited: (key: number) => boolean;
};

export function createKeyedQueue(): KeyedQueue {
  const last = new Map<number, Promise<unknown>>();
  const urgent = new Map<number, number>();
  const awaits = (key: number, change: 1 | -1): void => {
    const count = (urgent.get(key) ?? 0) + change;
    if (count === 0) urgent.delete(key);
    else urgent.set(key, count);
  };

  async function run<T>(key: number, work: () => Promise<T>, urgency: Urgency = 'normal'): Promise<T> {
    if (urgency === 'urgent') awaits(key, 1);
    const result = (last.get(key) ?? Promise.resolve()).then(async () => {
      if (urgency === 'urgent') awaits(key, -1);
      return await work();
    });
    // Whether it failed is the caller's concern; the next in line only waits for its end.
    const settled = result.then(
      () => undefined,
      () => undefined,
    );
    last.set(key, settled);
    try {
      return await result;
    } finally {
      if (last.get(key) === settled) last.delete(key);
    }
  }
  return Object.assign(run, { isAwaited: (key: number) => urgent.has(key) });
}
