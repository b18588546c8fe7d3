/** The questions that a client of an sFlow-RT asks, each with its answer read. All reject with Unavailable of an answer that is not good. */
import type { ActiveFlow } from '../collector-port.ts';
import { isAttributes } from '../attributes.ts';
import { type ReadAgent, readActiveFlows, readAgents, type ReadEvent, readEvents } from './answers.ts';
import { type AskSflowRt, badAnswer, jsonOf, type Question } from './ask.ts';
import { contradictionIn, type Definition, pathOf } from './definitions.ts';

export type EventQuestion = { threshold: string; most: number; after?: number; waitMs?: number };

export type Asking = {
  agents: () => Promise<ReadAgent[]>;
  /** Undefined where there is no such flow. */
  activeFlows: (flow: string, most: number) => Promise<ActiveFlow[] | undefined>;
  /** Oldest first. @param signal ends a question that waits */
  events: (question: EventQuestion, signal: AbortSignal) => Promise<ReadEvent[]>;
  put: (definition: Definition) => Promise<void>;
  /** `good`, `missing`, or in words what is otherwise. */
  check: (definition: Definition) => Promise<string>;
  /** Names of what is defined; undefined where the list is of no known shape. */
  names: (kind: Definition['kind']) => Promise<string[] | undefined>;
};

export type AskingLimits = {
  /** Of a question that does not wait. */
  timeoutMs: number;
  /** So much longer than a question waits its answer may take. */
  waitSlackMs: number;
};

export function askWith(ask: AskSflowRt, { timeoutMs, waitSlackMs }: AskingLimits, closing: AbortSignal): Asking {
  async function get(path: string, more: Partial<Question> = {}): Promise<unknown> {
    const question: Question = { method: 'GET', path, timeoutMs, signal: closing, ...more };
    return jsonOf(question, await ask(question));
  }

  return {
    agents: async () => readAgents(await get('/agents/json')),
    activeFlows: async (flow, most) => {
      const path = `/activeflows/ALL/${encodeURIComponent(flow)}/json?maxFlows=${String(most)}`;
      const question: Question = { method: 'GET', path, timeoutMs, signal: closing };
      const reply = await ask(question);
      return reply.status === 404 ? undefined : readActiveFlows(jsonOf(question, reply));
    },
    events: async ({ threshold, most, after, waitMs = 0 }, signal) => {
      const query = new URLSearchParams({ thresholdID: threshold, maxEvents: String(most) });
      if (after !== undefined) query.set('eventID', String(after));
      if (waitMs > 0) query.set('timeout', String(waitMs / 1000));
      const waiting = waitMs > 0 ? { timeoutMs: waitMs + waitSlackMs, waits: true } : {};
      const events = readEvents(await get(`/events/json?${query.toString()}`, { signal, ...waiting }));
      return events.filter(({ thresholdId }) => thresholdId === threshold);
    },
    put: async (definition) => {
      const path = pathOf(definition);
      const { status } = await ask({ method: 'PUT', path, body: definition.body, timeoutMs, signal: closing });
      if (status < 200 || status >= 300) throw badAnswer('PUT', path, `status ${String(status)}`);
    },
    check: async (definition) => {
      const question: Question = { method: 'GET', path: pathOf(definition), timeoutMs, signal: closing };
      const reply = await ask(question);
      if (reply.status === 404) return 'missing';
      const got = jsonOf(question, reply);
      if (!isAttributes(got)) throw badAnswer('GET', question.path, 'JSON that is no object');
      return contradictionIn(definition, got) ?? 'good';
    },
    names: async (kind) => {
      const listed = await get(`/${kind}/json`);
      return isAttributes(listed) ? Object.keys(listed) : undefined;
    },
  };
}
