import type { History } from './history.ts';
import { eraseAt, type Writer } from './verbs.ts';

/** Deletes objects whose owners are all gone: some time after the deletion, and after a start for those left over. */
export type Collector = { wake(): void; stop(): void };

const delayMs = 20;
const retryMs = 1000;

export function startCollector(history: History, writer: Writer, report: (error: unknown) => void): Collector {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const wakeIn = (milliseconds: number) => {
    if (stopped) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      try {
        // Each round deletes one generation; what that orphans is deleted by the round that its deletion woke.
        for (const place of history.orphans()) eraseAt(writer, place);
      } catch (error) {
        report(error);
        wakeIn(retryMs);
      }
    }, milliseconds);
  };
  return {
    wake: () => {
      wakeIn(delayMs);
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
