/**
 * What is urgent starts before what is normal, but for every fourth place that comes free, so that nothing waits for ever; what has
 * started is never interrupted.
 */
export type Urgency = 'normal' | 'urgent';

/** Runs at most so many pieces of work at once; the others wait, each urgency in the order they came. */
export type Limiter = <T>(work: () => Promise<T>, urgency?: Urgency) => Promise<T>;

const mostUrgentInARow = 3;

export function createLimiter(most: number): Limiter {
  let running = 0;
  let urgentInARow = 0;
  const waiting: Record<Urgency, (() => void)[]> = { urgent: [], normal: [] };
  const takeNext = (): (() => void) | undefined => {
    if (waiting.urgent.length === 0 || (urgentInARow >= mostUrgentInARow && waiting.normal.length > 0)) {
      urgentInARow = 0;
      return waiting.normal.shift();
    }
    urgentInARow += 1;
    return waiting.urgent.shift();
  };
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
      const next = takeNext();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
