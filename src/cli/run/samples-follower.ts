import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { JournalEntry, Sample } from '../../api/index.ts';

/** Bytes read from one file at a time; a second of probes is a few hundred. */
const chunkSize = 1024 * 1024;

export type SamplesFollower = {
  /** Everything that the agent has written since the last call, as journal entries. */
  read(): JournalEntry[];
  /** Takes everything that is there now for read, however much it is. */
  skip(): void;
};

/**
 * Follows the raw samples that the agent on this machine writes for one run. They go into the journal and nowhere else: decisions
 * are made from what the agent reports in the tasks' statuses, as on a cluster.
 */
export function followSamples(folder: string, runUid: string): SamplesFollower {
  const files = new Map<string, { offset: number; rest: string }>();

  function readLines(file: string): string[] {
    const state = files.get(file) ?? { offset: 0, rest: '' };
    files.set(file, state);
    const descriptor = openSync(join(folder, file), 'r');
    try {
      const size = Math.min(fstatSync(descriptor).size - state.offset, chunkSize);
      if (size <= 0) return [];
      const buffer = Buffer.alloc(size);
      const read = readSync(descriptor, buffer, 0, size, state.offset);
      state.offset += read;
      const lines = (state.rest + buffer.toString('utf8', 0, read)).split('\n');
      state.rest = lines.pop() ?? '';
      return lines.filter((line) => line !== '');
    } finally {
      closeSync(descriptor);
    }
  }

  function ownFiles(): string[] {
    if (!existsSync(folder)) return [];
    return readdirSync(folder).filter((file) => file.startsWith(runUid) && file.endsWith('.jsonl'));
  }

  return {
    skip() {
      for (const file of ownFiles()) while (readLines(file).length > 0);
    },
    read() {
      const samples = ownFiles()
        .flatMap(readLines)
        .map((line) => JSON.parse(line) as Sample);
      return [...Map.groupBy(samples, ({ stream }) => stream)].map(([stream, ofStream]) => ({
        type: 'samples',
        stream,
        // A stream's name begins with its hypothesis's; see planStreams.
        hypothesis: stream.slice(0, stream.indexOf(': ')),
        samples: ofStream.map(({ sentAt, rttMs }) => [sentAt, rttMs ?? null]),
      }));
    },
  };
}
