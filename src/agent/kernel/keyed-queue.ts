/** Runs work of the same key one after the other, in order; work of different keys runs side by side. */
export type KeyedQueue = <T>(key: number, work: () => Promise<T>) => Promise<T>;

export function createKeyedQueue(): KeyedQueue {
  const last = new Map<number, Promise<unknown>>();
  return async (key, work) => {
    const result = (last.get(key) ?? Promise.resolve()).then(work);
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
  };
}
