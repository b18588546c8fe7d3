/** Which runs have left a folder, told from the first records of their journals. */
import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { recordsOf } from './build.ts';
import { parseJournal } from './journal-text.ts';

/** `createdAt` is RFC 3339 UTC with milliseconds. */
export type RunFolder = { uid: string; namespace: string; name: string; createdAt: string; folder: string };

/** A journal says who it is about in one of its first records; its manifest is the one long one, of at most 1 MiB. */
const headBytes = 2 * 1024 * 1024;

/** Every run that has a journal with a name in it, the newest first. A folder without one is none. */
export function findRuns(runs: string): RunFolder[] {
  if (!existsSync(runs)) return [];
  return readdirSync(runs)
    .flatMap((uid) => readRunFolder(join(runs, uid), uid) ?? [])
    .sort((a, b) => b.createdAt.localeCompare(a.createdAt));
}

function readRunFolder(folder: string, uid: string): RunFolder | undefined {
  const file = join(folder, 'journal.jsonl');
  if (!existsSync(file)) return undefined;
  const created = recordsOf(parseJournal(readHead(file)).records, 'created')[0];
  return created && { uid, namespace: created.namespace, name: created.name, createdAt: created.time, folder };
}

function readHead(file: string): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(headBytes);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, headBytes, 0));
  } finally {
    closeSync(descriptor);
  }
}
