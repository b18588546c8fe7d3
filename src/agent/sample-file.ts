import { appendFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sample } from '../api/index.ts';
import { isMissing, SquallError } from '../lib/index.ts';

/** The raw samples of one probe task, one JSON object a line, up to a bound. */
export type SampleFile = {
  add(sample: Sample): void;
  /** Resolves when everything added so far is in the file. */
  flush(): Promise<void>;
  /** True once samples were left out because the file is full. */
  isFull(): boolean;
};

/** A day's probing at the usual rate of one stream is half of it. */
export const largestSampleFile = 64 * 1024 * 1024;

const taskNamePattern = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** Starts an empty file; what a task of the same name left before is gone. */
export async function createSampleFile(folder: string, taskName: string, largest = largestSampleFile): Promise<SampleFile> {
  if (!taskNamePattern.test(taskName)) {
    throw new SquallError('InvalidInput', `task name '${taskName}' cannot name a file; expected a Kubernetes object name`);
  }
  const path = join(folder, `${taskName}.jsonl`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(path, '', { mode: 0o600 });
  let waiting = '';
  let size = 0;
  let full = false;
  let writing = Promise.resolve();
  return {
    add: ({ stream, sentAt, rttMs, reason }) => {
      if (full) return;
      // Named one by one: what else a prober's sample carries is not part of the file's shape.
      const line = `${JSON.stringify({ stream, sentAt, rttMs, reason })}\n`;
      if (size + line.length > largest) {
        full = true;
        return;
      }
      size += line.length;
      waiting += line;
    },
    flush: async () => {
      const text = waiting;
      waiting = '';
      // Raw samples may be lost when the disk is full; the probe, whose status tells the same in short, must go on.
      const append = async (): Promise<void> => {
        await appendFile(path, text).catch(() => {
          full = true;
        });
      };
      if (text !== '') writing = writing.then(append);
      await writing;
    },
    isFull: () => full,
  };
}

/** Deletes the sample files of tasks that are gone; resolves to their names. */
export async function deleteOrphanedSamples(folder: string, living: ReadonlySet<string>): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const orphaned = names.filter((name) => name.endsWith('.jsonl') && !living.has(name.slice(0, -'.jsonl'.length)));
  await Promise.all(orphaned.map((name) => rm(join(folder, name), { force: true })));
  return orphaned;
}
