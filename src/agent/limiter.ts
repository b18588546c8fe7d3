/**
 * What is urgent starts before what is normal, but for every fourth place that comes free, so that nothing waits for ever; what has
 * started is never interrupted.
 */
export type Urgency = 'normal' | 'urgent';

/**
 * Runs at most so many pieces of work at once; the others wait, each urgency in the order they came. An urgency that is a function is
 * asked whenever a place comes free: what waits may become urgent.
 */
export type Limiter = <T>(work: () => Promise<T>, urgency?: Urgency | (() => Urgency)) => Promise<T>;

const mostUrgentInARow = 3;

type Waiting = { start: () => void; urgency: () => Urgency };

export function createLimiter(most: number): Limiter {
  let running = 0;
  let urgentInARow = 0;
  const waiting: Waiting[] = [];
  const takeNext = (): Waiting | undefined => {
    const firstUrgent = waiting.findIndex(({ urgency }) => urgency() === 'urgent');
    const firstNormal = waiting.findIndex(({ urgency }) => urgency() === 'normal');
    if (firstUrgent === -1 || (urgentInARow >= mostUrgentInARow && firstNormal !== -1)) {
      urgentInARow = 0;
      return waiting.splice(Math.max(0, firstNormal), 1)[0];
    }
    urgentInARow += 1;
    return waiting.splice(firstUrgent, 1)[0];
  };
  return async (work, urgency = 'normal') => {
    if (running >= most) {
      await new Promise<void>((start) => {
        waiting.push({ start, urgency: typeof urgency === 'string' ? () => urgency : urgency });
      });
    } else running += 1;
    try {
      return await work();
    } finally {
      // The place is handed on, never free in between.
      const next = takeNext();
      if (next === undefined) running -= 1;
      else next.start();
    }
  };
}
