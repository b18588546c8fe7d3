/**
 * Which events of one threshold were seen. sFlow-RT numbers events from 0 in the life of its process, so after a restart the same numbers are
 * other events: an event is known by its number and its time.
 */
import type { ReadEvent } from './answers.ts';

/** More than one question is answered with. */
const mostRemembered = 2048;

export type EventCursor = {
  /** Number of the newest; −1 where there is none. */
  newest: () => number;
  /** @returns those not seen yet, in their order. @param fromStart the answer is to a question without a cursor */
  take: (events: readonly ReadEvent[], fromStart: boolean) => ReadEvent[];
  /** @param newest what sFlow-RT says its newest events are: their numbers never go back in its life */
  isFormerLife: (newest: readonly ReadEvent[]) => boolean;
};

export function createEventCursor(): EventCursor {
  const seen = new Set<string>();
  let newest = -1;

  function isFresh({ eventId, timestamp }: ReadEvent): boolean {
    const identity = `${String(eventId)}@${String(timestamp)}`;
    if (seen.has(identity)) return false;
    seen.add(identity);
    for (const oldest of seen) {
      if (seen.size <= mostRemembered) break;
      seen.delete(oldest);
    }
    return true;
  }

  return {
    newest: () => newest,
    take: (events, fromStart) => {
      newest = events.at(-1)?.eventId ?? (fromStart ? -1 : newest);
      return events.filter(isFresh);
    },
    isFormerLife: (answered) => (answered.at(-1)?.eventId ?? -1) < newest,
  };
}
