import type { Clock } from '../../lib/index.ts';

const everyMs = 1000;

/**
 * The heartbeat of schedules: calls each listener at every whole second until the returned function is called, whatever the wall clock
 * does: set back or forward, by seconds or years, the next beat is at most a second and a half away.
 * @param onMissed told how many seconds went by without a beat
 */
export function createHeartbeat(clock: Clock, onMissed: (count: number) => void): (listener: () => void) => () => void {
  return (listener) => {
    let last = clock.monotonic();
    let timer: NodeJS.Timeout | undefined;
    const arm = (): void => {
      timer = setTimeout(beat, untilNextBeatMs(clock.now()));
    };
    const beat = (): void => {
      arm();
      const now = clock.monotonic();
      const missed = missedBeats(now - last);
      last = now;
      if (missed > 0) onMissed(missed);
      listener();
    };
    arm();
    return () => {
      clearTimeout(timer);
    };
  };
}

/** To the next whole second; to the one after it where that is less than half a second away, which is a timer that fired early. */
export function untilNextBeatMs(now: number): number {
  const left = everyMs - (((now % everyMs) + everyMs) % everyMs);
  return left < everyMs / 2 ? left + everyMs : left;
}

/** Beats that should have come within so many milliseconds between two of them; half a beat late is none missed. */
export function missedBeats(milliseconds: number): number {
  return Math.max(0, Math.round(milliseconds / everyMs) - 1);
}
