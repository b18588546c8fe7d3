import { type Clock, createThrottle } from '../lib/index.ts';
import type { WatchTrouble } from '../store/index.ts';
import type { Metrics } from './metrics.ts';

export type WatchTroubleTold = {
  log: Record<'debug' | 'warn', (facts: object, message: string) => void>;
  clock: Pick<Clock, 'monotonic'>;
  /** Counts each time, also when nothing is logged. */
  metrics?: Pick<Metrics, 'watchFailed'>;
};

/** A server that is away for a day fills no log: what is the same of one resource is logged so seldom. */
const logEveryMs = 60_000;

/** Says that lists and watches of the store fail: whoever acts upon what they show goes on with what was true before. */
export function tellWatchTrouble({ log, clock, metrics }: WatchTroubleTold): WatchTrouble {
  const throttle = createThrottle(logEveryMs, () => clock.monotonic());
  return ({ code, message }, retryInMs, resource) => {
    metrics?.watchFailed(resource, code);
    const heldBack = throttle(`${resource} ${code}`);
    if (heldBack === undefined) return;
    const facts = { resource, code, retryInMs, ...(heldBack === 0 ? {} : { heldBack }) };
    // The server has forgotten where the watch was, as servers do; the next list tells everything.
    log[code === 'Expired' ? 'debug' : 'warn'](facts, `watching ${resource} is interrupted and tried again: ${message}`);
  };
}
