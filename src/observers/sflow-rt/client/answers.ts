/** What an sFlow-RT answers, read with suspicion: numbers may be texts, fields may be more, and what must be there must be there. */
import { SquallError } from '../../../lib/index.ts';
import { asNumber, type Attributes, isAttributes } from '../attributes.ts';
import type { ActiveFlow } from '../collector-port.ts';

export type ReadEvent = {
  eventId: number;
  thresholdId: string;
  /** Milliseconds since 1970 by sFlow-RT's clock; undefined where it says nothing that can be one. */
  timestamp?: number;
  value: number;
  threshold?: number;
  flow?: string;
  agent: string;
  dataSource: string;
};

export type ReadAgent = { agent: string; received: number; lost: number; silentMs: number };

const mostItems = 4096;
/** Three years; more is no time since something. */
const longestSilenceMs = 1e11;

/** Largest first. @throws Unavailable of an answer that is none */
export function readActiveFlows(json: unknown): ActiveFlow[] {
  const flows = itemsOf('flows', json).map((item) => {
    const value = asNumber(item.value);
    if (typeof item.key !== 'string' || value === undefined) return refuse('a flow', 'a text as key and a number as value');
    return { key: item.key.slice(0, 1024), value, agent: textOf(item.agent), dataSource: textOf(item.dataSource) };
  });
  return flows.sort((a, b) => b.value - a.value);
}

/** Oldest first. @throws Unavailable of an answer that is none */
export function readEvents(json: unknown): ReadEvent[] {
  const events = itemsOf('events', json).map((item) => {
    const [eventId, value] = [asNumber(item.eventID), asNumber(item.value)];
    if (eventId === undefined || value === undefined) return refuse('an event', 'numbers as eventID and value');
    return {
      eventId,
      thresholdId: textOf(item.thresholdID),
      timestamp: asNumber(item.timestamp),
      value,
      threshold: asNumber(item.threshold),
      ...(typeof item.flowKey === 'string' ? { flow: item.flowKey.slice(0, 1024) } : {}),
      agent: textOf(item.agent),
      dataSource: textOf(item.dataSource),
    };
  });
  return events.sort((a, b) => a.eventId - b.eventId);
}

/** @throws Unavailable of an answer that is none */
export function readAgents(json: unknown): ReadAgent[] {
  if (!isAttributes(json)) return refuse('agents', 'an object by address');
  return Object.entries(json)
    .slice(0, mostItems)
    .map(([agent, facts]) => {
      const read = (field: string) => (isAttributes(facts) ? asNumber(facts[field]) : undefined) ?? 0;
      return {
        agent,
        received: read('sFlowDatagramsReceived'),
        lost: read('sFlowDatagramsLost'),
        silentMs: read('lastSeen') < longestSilenceMs ? Math.max(0, read('lastSeen')) : 0,
      };
    });
}

function itemsOf(what: string, json: unknown): Attributes[] {
  if (!Array.isArray(json) || json.length > mostItems) return refuse(what, `a list of at most ${String(mostItems)}`);
  return json.map((item: unknown) => (isAttributes(item) ? item : refuse(`one of the ${what}`, 'an object')));
}

/** Data sources are numbers to some. */
function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 256) : '';
}

/** What was answered instead is not told: see `ask.ts`. */
function refuse(what: string, expected: string): never {
  throw new SquallError('Unavailable', `sFlow-RT answered ${what} in another shape: expected ${expected}`);
}
