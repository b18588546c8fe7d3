import cron from 'node-cron';
import type { Clock } from '../../lib/index.ts';

const everyMs = 1000;

/**
 * The heartbeat of schedules: calls each listener every second until the returned function is called. A beat that comes while one
 * is at work is left out.
 * @param onMissed told how many seconds went by without a beat
 */
export function createHeartbeat(clock: Clock, onMissed: (count: number) => void): (listener: () => void) => () => void {
  return (listener) => {
    let last = clock.monotonic();
    const beat = (): void => {
      const now = clock.monotonic();
      const missed = missedBeats(now - last);
      last = now;
      if (missed > 0) onMissed(missed);
      listener();
    };
    // Missed beats are told to `onMissed`; the library would print them besides.
    const task = cron.schedule('* * * * * *', beat, { timezone: 'UTC', noOverlap: true, suppressMissedWarning: true });
    return () => {
      void task.destroy();
    };
  };
}

/** Beats that should have come within so many milliseconds between two of them; half a beat late is none missed. */
export function missedBeats(milliseconds: number): number {
  return Math.max(0, Math.round(milliseconds / everyMs) - 1);
}
