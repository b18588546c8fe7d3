import { type Clock, createThrottle } from '../lib/index.ts';
import type { WatchTrouble } from './list-watch.ts';

export type WatchTroubleFacts = { resource: string; code: string; retryInMs: number; heldBack?: number };

/** A server that is away for a day fills no log: what is the same of one resource is said so seldom. */
const sayEveryMs = 60_000;

/**
 * Says that lists and watches of the store fail: whoever acts upon what they show goes on with what was true before.
 * @param say `Expired` at level debug: the server has forgotten where the watch was, as servers do, and the next list tells everything
 */
export function sayWatchTrouble(
  say: (level: 'debug' | 'warn', message: string, facts: WatchTroubleFacts) => void,
  clock: Pick<Clock, 'monotonic'>,
): WatchTrouble {
  const throttle = createThrottle(sayEveryMs, () => clock.monotonic());
  return ({ code, message }, retryInMs, resource) => {
    const heldBack = throttle(`${resource} ${code}`);
    if (heldBack === undefined) return;
    const facts = { resource, code, retryInMs: Math.round(retryInMs), ...(heldBack === 0 ? {} : { heldBack }) };
    say(code === 'Expired' ? 'debug' : 'warn', `watching ${resource} is interrupted and tried again: ${message}`, facts);
  };
}
