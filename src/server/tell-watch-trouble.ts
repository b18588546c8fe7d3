import type { Clock } from '../lib/index.ts';
import { sayWatchTrouble, type WatchTrouble } from '../store/index.ts';
import type { Metrics } from './metrics.ts';

export type WatchTroubleTold = {
  log: Record<'debug' | 'warn', (facts: object, message: string) => void>;
  clock: Pick<Clock, 'monotonic'>;
  /** Counts each time, also when nothing is logged. */
  metrics?: Pick<Metrics, 'watchFailed'>;
};

/** Logs it, now and then, and counts it. */
export function tellWatchTrouble({ log, clock, metrics }: WatchTroubleTold): WatchTrouble {
  const say = sayWatchTrouble((level, message, facts) => {
    log[level](facts, message);
  }, clock);
  return (error, retryInMs, resource) => {
    metrics?.watchFailed(resource, error.code);
    say(error, retryInMs, resource);
  };
}
