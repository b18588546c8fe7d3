/** What is urgent starts before everything normal that waits; what has started is never interrupted. */
export type Urgency = 'normal' | 'urgent';

/** Runs at most so many pieces of work at once; the others wait, each urgency in the order they came. */
export type Limiter = <T>(work: () => Promise<T>, urgency?: Urgency) => Promise<T>;

export function createLimiter(most: number): Limiter {
  let running = 0;
  const waiting: Record<Urgency, (() => void)[]> = { urgent: [], normal: [] };
  return async (work, urgency = 'normal') => {
    if (running >= most) {
      await new Promise<void>((resolve) => {
        waiting[urgency].push(resolve);
      });
    } else running += 1;
    try {
      return await work();
    } finally {
      // The place is handed on, never free in between.
      const next = waiting.urgent.shift() ?? waiting.normal.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
