import type { JournalEntry, JournalRecord } from '../api/index.ts';
import type { RunJournal } from '../control/index.ts';
import { type Clock, formatInstant } from '../lib/index.ts';

export type MemoryJournals = {
  /** The journal of a run, begun once. */
  open(run: { uid: string }): RunJournal;
  /** What was recorded of a run; undefined when this process has no journal of it. */
  records(uid: string): JournalRecord[] | undefined;
  drop: (uid: string) => void;
};

/** A run writes some ten records a phase and target; what goes beyond this is a repetition. */
const mostRecords = 10_000;

/** The journals of the runs that go on, for as long as this process does: a cluster's files are nobody's to keep. */
export function createMemoryJournals(clock: Pick<Clock, 'now'>): MemoryJournals {
  const journals = new Map<string, JournalRecord[]>();

  function append(uid: string, records: JournalRecord[], entry: JournalEntry): void {
    const isLast = records.length === mostRecords - 1 && entry.type !== 'verdict';
    if (records.length >= mostRecords && entry.type !== 'verdict') return;
    const kept: JournalEntry = isLast
      ? { type: 'warning', message: `the journal holds ${String(mostRecords)} records; further ones are left out` }
      : entry;
    records.push({ time: formatInstant(clock.now()), run: uid, sequence: records.length + 1, ...kept });
  }

  return {
    open: ({ uid }) => {
      const records = journals.get(uid) ?? [];
      journals.set(uid, records);
      return {
        append: (entry) => {
          append(uid, records, entry);
        },
      };
    },
    records: (uid) => journals.get(uid),
    drop: (uid) => {
      journals.delete(uid);
    },
  };
}
