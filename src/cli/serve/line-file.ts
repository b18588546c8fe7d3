import type { Logger } from 'pino';
import { codeOf, messageOf } from '../../lib/index.ts';
import { appendLine, mostBytes } from './bound-files.ts';

export type LineFile = {
  /** Writes the record as one line of JSON, now or as soon as there is room. Never throws. */
  append(record: unknown): void;
  /** Tries again what could not be written. */
  flush(): void;
};

/** Records that wait for room on a full disk; beyond, the oldest are lost, which is said. */
const mostWaiting = 1000;

/** A bounded file of JSON lines that survives a full disk. */
export function createLineFile(file: string, log: Logger, limit: number = mostBytes): LineFile {
  const waiting: string[] = [];
  let troubled = false;

  function flush(): void {
    try {
      for (let line = waiting[0]; line !== undefined; line = waiting[0]) {
        appendLine(file, line, limit);
        waiting.shift();
      }
      if (troubled) log.info(`${file} can be written again`);
      troubled = false;
    } catch (error) {
      if (!troubled) log.error({ code: codeOf(error) }, `${file} cannot be written, its records wait: ${messageOf(error)}`);
      troubled = true;
    }
  }

  return {
    append(record) {
      waiting.push(JSON.stringify(record));
      if (waiting.length > mostWaiting) log.error({ lost: waiting.shift() }, `${file}: a record is lost, too many wait for room`);
      flush();
    },
    flush,
  };
}
