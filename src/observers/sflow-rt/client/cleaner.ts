/** Takes definitions that are no longer wanted out of an sFlow-RT, and tries again while it cannot be reached. */
import { type Clock, messageOf } from '../../../lib/index.ts';
import type { AskSflowRt } from './ask.ts';

export type Cleaner = {
  /** Resolves when each was tried once. */
  discard: (paths: Iterable<string>) => Promise<void>;
  /** They are wanted again. */
  keep: (paths: Iterable<string>) => void;
  close: () => void;
};

/** A forgotten definition costs the sFlow-RT a little; we do not remember more. */
const mostUnwanted = 4096;

export function createCleaner(options: {
  ask: AskSflowRt;
  clock: Clock;
  timeoutMs: number;
  retryMs: number;
  log: (message: string) => void;
}): Cleaner {
  const { ask, clock, timeoutMs, retryMs, log } = options;
  const unwanted = new Set<string>();
  const closing = new AbortController();
  let isRetrying = false;

  async function remove(path: string): Promise<void> {
    try {
      const { status } = await ask({ method: 'DELETE', path, timeoutMs, signal: closing.signal });
      if (status < 300 || status === 404) unwanted.delete(path);
      else log(`DELETE ${path} was answered with status ${String(status)}; it is tried again`);
    } catch (error) {
      if (!closing.signal.aborted) log(`${messageOf(error)}; it is tried again`);
    }
  }

  async function retry(): Promise<void> {
    if (isRetrying) return;
    isRetrying = true;
    while (unwanted.size > 0 && !closing.signal.aborted) {
      await clock.sleep(retryMs, closing.signal).catch(() => undefined);
      for (const path of [...unwanted]) {
        if (unwanted.has(path)) await remove(path);
      }
    }
    isRetrying = false;
  }

  return {
    discard: async (paths) => {
      const all = [...paths].slice(0, mostUnwanted - unwanted.size);
      for (const path of all) unwanted.add(path);
      for (const path of all) {
        if (unwanted.has(path)) await remove(path);
      }
      if (unwanted.size > 0) void retry();
    },
    keep: (paths) => {
      for (const path of paths) unwanted.delete(path);
    },
    close: () => {
      closing.abort();
    },
  };
}
