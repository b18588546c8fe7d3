/** `/events`: what crossed a threshold, and the long poll for the next. */
import { parseDuration } from '../../../lib/index.ts';
import { jsonAnswer } from './answer.ts';
import type { EventLog } from './event-log.ts';
import { numberIn } from './query.ts';
import type { Route } from './route.ts';

const mostAnswered = 10_000;
const longestWaitSeconds = 600;

export function eventRoutes(events: EventLog): Route[] {
  return [
    {
      pattern: '/events/json',
      query: ['thresholdID', 'maxEvents', 'eventID', 'timeout'],
      methods: {
        GET: async ({ query, signal }) => {
          const most = numberIn(query, 'maxEvents', { atLeast: 1, atMost: mostAnswered, whole: true, otherwise: 100 });
          const after = numberIn(query, 'eventID', {
            atLeast: -1,
            atMost: Number.MAX_SAFE_INTEGER,
            whole: true,
            otherwise: -1,
          });
          const thresholds = query.getAll('thresholdID').filter((name) => name !== '');
          return jsonAnswer(await events.next({ thresholds, after, most }, waitMsIn(query), signal));
        },
      },
    },
  ];
}

/** Seconds; a duration such as `5s`, as NetworkMonitors write it, is read as well. */
function waitMsIn(query: URLSearchParams): number {
  const waitMs = parseDuration(query.get('timeout') ?? '');
  if (waitMs !== undefined && waitMs <= longestWaitSeconds * 1000) return waitMs;
  return numberIn(query, 'timeout', { atLeast: 0, atMost: longestWaitSeconds, otherwise: 0 }) * 1000;
}
