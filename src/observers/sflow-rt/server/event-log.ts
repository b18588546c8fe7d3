/** The newest events, numbered from 0 in the life of the process, and the clients that wait for the next ones. */
import { SquallError } from '../../../lib/index.ts';

export type SflowRtEvent = {
  eventID: number;
  /** Milliseconds since 1970. */
  timestamp: number;
  thresholdID: string;
  /** The same; the first clients of NetworkMonitors look for it here. */
  name: string;
  metric: string;
  threshold: number;
  value: number;
  agent: string;
  dataSource: string;
  flowKey?: string;
};

export type EventQuery = {
  /** Empty: of all thresholds. */
  thresholds: readonly string[];
  /** Events after this one; −1 is all that are kept. */
  after: number;
  most: number;
};

export type EventLog = {
  add: (event: Omit<SflowRtEvent, 'eventID'>) => void;
  /** Newest first. */
  read: (query: EventQuery) => SflowRtEvent[];
  /**
   * As `read`, but waits for an event while there is none; empty when the time is over, or `signal` fires.
   * @throws Unavailable where too many wait already
   */
  next: (query: EventQuery, waitMs: number, signal: AbortSignal) => Promise<SflowRtEvent[]>;
  /** Answers all that wait. */
  close: () => void;
};

export function createEventLog(limits: { mostEvents: number; mostWaiting: number }): EventLog {
  const events: SflowRtEvent[] = [];
  const waiting = new Set<{ wake: () => void; finish: () => void }>();
  let nextId = 0;

  /** A cursor from before this process was started: all its events are new. */
  const ofThisLife = (query: EventQuery): EventQuery => (query.after >= nextId ? { ...query, after: -1 } : query);
  const find = ({ thresholds, after, most }: EventQuery): SflowRtEvent[] => {
    const isWanted = ({ eventID, thresholdID }: SflowRtEvent) =>
      eventID > after && (thresholds.length === 0 || thresholds.includes(thresholdID));
    return events.filter(isWanted).slice(-most).reverse();
  };

  return {
    add: (event) => {
      events.push({ eventID: nextId, ...event });
      nextId += 1;
      if (events.length > limits.mostEvents) events.shift();
      for (const { wake } of [...waiting]) wake();
    },
    read: (query) => find(ofThisLife(query)),
    next: async (asked, waitMs, signal) => {
      const query = ofThisLife(asked);
      const there = find(query);
      if (there.length > 0 || waitMs <= 0 || signal.aborted) return there;
      if (waiting.size >= limits.mostWaiting) {
        throw new SquallError('Unavailable', `${String(limits.mostWaiting)} clients wait for events already; ask again later`);
      }
      return await new Promise((resolve) => {
        const waiter = {
          wake: () => {
            if (find(query).length > 0) waiter.finish();
          },
          finish: () => {
            clearTimeout(timer);
            waiting.delete(waiter);
            signal.removeEventListener('abort', waiter.finish);
            resolve(find(query));
          },
        };
        const timer = setTimeout(waiter.finish, waitMs);
        signal.addEventListener('abort', waiter.finish, { once: true });
        waiting.add(waiter);
      });
    },
    close: () => {
      for (const { finish } of [...waiting]) finish();
    },
  };
}
