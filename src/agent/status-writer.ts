import type { NodeTaskStatus } from '../api/index.ts';
import { backoff, codeOf, messageOf } from '../lib/index.ts';
import type { AgentContext, StoredTask } from './context.ts';
import { isAborted, unlessAborted } from './timing.ts';

/**
 * The one writer of one task's status. What it writes is read at the moment of writing, so that a slow server costs freshness, not
 * memory; at most one write is started in a second.
 */
export type StatusWriter = {
  /** The status has changed; it is written when its turn comes. */
  request: () => void;
  /**
   * Resolves with `written` once a write that began after this call has succeeded; `gone` when the task does not exist any more,
   * `stopped` when the signal fired first.
   */
  flush: () => Promise<'written' | 'gone' | 'stopped'>;
  /** The newest object that was seen: its resourceVersion saves a conflict. */
  seen: (task: StoredTask) => void;
};

const betweenWritesMs = 1000;
/** In a row; then the write waits like after any other failure. */
const mostConflicts = 5;

export function createStatusWriter(
  context: Pick<AgentContext, 'store' | 'tasks' | 'clock' | 'random' | 'log'>,
  task: StoredTask,
  on: { status: () => NodeTaskStatus; reread?: (task: StoredTask) => void },
  signal: AbortSignal,
): StatusWriter {
  const { store, tasks, clock, random, log } = context;
  const key = { namespace: task.metadata.namespace, name: task.metadata.name };
  const { uid } = task.metadata;
  let newest = task;
  let dirty = false;
  let running = false;
  let gone = false;
  let lastStart = -Infinity;
  let waiting: ((outcome: 'written' | 'gone' | 'stopped') => void)[] = [];

  function settle(flushes: typeof waiting, outcome: 'written' | 'gone' | 'stopped'): void {
    for (const resolve of flushes) resolve(outcome);
  }

  /** One write with the newest version that is known; after a conflict the object is read again. */
  async function write(): Promise<'written' | 'gone'> {
    for (let conflicts = 0; ; conflicts += 1) {
      try {
        newest = await store.updateStatus(tasks, { ...newest, status: on.status() }, { signal });
        return 'written';
      } catch (error) {
        const code = codeOf(error);
        if (code === 'NotFound') return 'gone';
        if (code !== 'Conflict' || conflicts === mostConflicts) throw error;
      }
      try {
        const current = await store.get(tasks, key, { signal });
        if (current.metadata.uid !== uid) return 'gone';
        newest = current;
        on.reread?.(current);
      } catch (error) {
        if (codeOf(error) === 'NotFound') return 'gone';
        throw error;
      }
    }
  }

  async function run(): Promise<void> {
    let attempt = 0;
    while (dirty && !gone && !signal.aborted) {
      await clock.sleep(lastStart + betweenWritesMs - clock.monotonic(), signal);
      lastStart = clock.monotonic();
      dirty = false;
      const flushes = waiting;
      waiting = [];
      try {
        const outcome = await write();
        gone = outcome === 'gone';
        attempt = 0;
        settle(flushes, outcome);
      } catch (error) {
        dirty = true;
        waiting = [...flushes, ...waiting];
        if (isAborted(signal)) break;
        const retryInMs = backoff(attempt, random());
        attempt += 1;
        log('warn', 'status not written', { task: key.name, error: messageOf(error), retryInMs });
        await clock.sleep(retryInMs, signal);
      }
    }
  }

  function start(): void {
    if (running || gone || signal.aborted) return;
    running = true;
    run()
      .catch((error: unknown) => {
        // Only a sleep that was cut off by the signal gets here.
        if (!signal.aborted) log('error', 'status writer failed', { task: key.name, error: messageOf(error) });
      })
      .finally(() => {
        running = false;
        if (signal.aborted) settle(waiting.splice(0), 'stopped');
        else if (gone) settle(waiting.splice(0), 'gone');
        else if (dirty) start();
      });
  }
  signal.addEventListener(
    'abort',
    () => {
      settle(waiting.splice(0), 'stopped');
    },
    { once: true },
  );

  return {
    request: () => {
      dirty = true;
      start();
    },
    flush: async () => {
      if (gone) return 'gone';
      if (signal.aborted) return 'stopped';
      return await new Promise((resolve) => {
        waiting.push(resolve);
        dirty = true;
        start();
      });
    },
    seen: (object) => {
      if (object.metadata.uid === uid) newest = object;
    },
  };
}

/** An agent that is stopping waits for a server so long and no longer. */
const lastWriteMs = 3000;

/** The last status of a piece of work. */
export async function writeLast(
  { clock, stopping }: Pick<AgentContext, 'clock' | 'stopping'>,
  writer: StatusWriter,
): Promise<void> {
  const written = writer.flush();
  if ((await unlessAborted(written, stopping)) !== undefined) return;
  await Promise.race([written, clock.sleep(lastWriteMs)]);
}
