import { release } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { JournalEntry, JournalRecord } from '../../api/index.ts';
import type { RunJournal } from '../../control/index.ts';
import { type Clock, codeOf, messageOf } from '../../lib/index.ts';
import { createJournal, type Journal } from '../../report/index.ts';
import type { KernelHere } from './in-guest.ts';
import { followSamples } from './samples-follower.ts';

export type JournalsOptions = {
  /** Folders of the journals and of the agent's raw samples. */
  runs: string;
  samples: string;
  log: Logger;
  clock: Clock;
  onRecord: (record: JournalRecord) => void;
  kernelChoice: KernelHere;
};

export type Journals = {
  /** The journal of a run, opened once. */
  open: (run: { uid: string }) => RunJournal;
  file: (uid: string) => string;
  /** Takes over what the agent has measured since the last call. */
  follow: () => void;
  /** Closes the journal of a run that is over. */
  close: (uid: string) => void;
  closeAll: () => void;
};

/** The journals of all runs of this machine. A record that cannot be written (a full disk) is logged and never stops an undo. */
export function createJournals({ runs, samples, log, clock, onRecord, kernelChoice }: JournalsOptions): Journals {
  const open = new Map<string, { journal: Journal; append: RunJournal['append']; follow: () => void }>();
  const file = (uid: string): string => join(runs, uid, 'journal.jsonl');

  function openJournal(uid: string): RunJournal {
    const journal = createJournal({ file: file(uid), run: uid, clock });
    journal.onRecord(onRecord);
    const follower = followSamples(samples, uid);
    // What a former life of this run measured is in the journal already.
    if (journal.records().length > 0) follower.skip();
    const runLog = log.child({ run: uid });
    const write = (entry: JournalEntry): void => {
      try {
        journal.append(entry);
      } catch (error) {
        runLog.error({ code: codeOf(error), record: entry.type }, messageOf(error));
      }
    };
    const follow = (): void => {
      try {
        for (const entry of follower.read()) write(entry);
      } catch (error) {
        runLog.error({ code: codeOf(error) }, messageOf(error));
      }
    };
    const append = (entry: JournalEntry): void => {
      // The last samples belong before the verdict: whoever reads the journal up to its verdict has seen them all.
      if (entry.type === 'verdict') follow();
      write(entry);
    };
    write({ type: 'kernel', kernel: release(), ...kernelChoice });
    open.set(uid, { journal, append, follow });
    return { append };
  }

  return {
    open: ({ uid }) => open.get(uid) ?? openJournal(uid),
    file,
    follow: () => {
      for (const { follow } of open.values()) follow();
    },
    close: (uid) => {
      const journal = open.get(uid)?.journal;
      open.delete(uid);
      journal?.close();
    },
    closeAll: () => {
      for (const { journal } of open.values()) journal.close();
      open.clear();
    },
  };
}
