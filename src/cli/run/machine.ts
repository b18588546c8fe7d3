import { closeSync, mkdirSync, openSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { apiVersion, type JournalEntry, type JournalRecord, servedKinds, validateObject } from '../../api/index.ts';
import { runControl } from '../../control/index.ts';
import { startEmbeddedServer } from '../../embedded/index.ts';
import { type Clock, codeOf, messageOf } from '../../lib/index.ts';
import { createJournal, type Journal } from '../../report/index.ts';
import { createStore, type Store, transportFor } from '../../store/index.ts';
import { instanceId, stateFiles } from '../state.ts';
import { startAgentProcess } from './agent-process.ts';
import { followSamples } from './samples-follower.ts';

/** The name of the one node that a machine by itself has. */
export const localNode = 'lab';

export type MachineOptions = {
  stateFolder: string;
  log: Logger;
  clock: Clock;
  random: () => number;
  /** Every record of every run's journal, as it is written. */
  onRecord: (record: JournalRecord) => void;
  /** Why this kernel is the one that is used, for the journal. */
  kernelChoice: { guest: boolean; why: string };
};

export type Machine = {
  store: Store;
  instance: string;
  /** The journal of a run of this or a former life; undefined before the run was first looked at. */
  journal(uid: string): Journal | undefined;
  journalFile(uid: string): string;
  /** Undoes, then ends everything that was started. */
  stop(): Promise<void>;
};

const samplesMs = 500;

/** One machine by itself: the embedded API server, the reconcilers in this process, and one small agent process. */
export async function startMachine({
  stateFolder,
  log,
  clock,
  random,
  onRecord,
  kernelChoice,
}: MachineOptions): Promise<Machine> {
  const files = stateFiles(stateFolder);
  mkdirSync(files.runs, { recursive: true, mode: 0o700 });
  const instance = instanceId(stateFolder);
  const report = (error: unknown): void => {
    log.error({ err: error }, 'the embedded API server reports');
  };
  const server = await startEmbeddedServer({ ...files, resources: servedKinds, clock, validate: validateOurs, report });
  const store = createStore(transportFor({ socket: files.socket }));
  const journals = createJournals(files.runs, join(stateFolder, 'samples'), options, kernelChoice);
  const agentLog = openSync(join(stateFolder, 'agent.log'), 'a');
  const agent = startAgentProcess({
    program: fileURLToPath(new URL('./agent.js', import.meta.url)),
    args: ['--socket', files.socket, '--node', localNode, '--instance', instance, '--state', stateFolder],
    clock,
    random,
    stderr: agentLog,
    onExit: (code, signal) => {
      log.error({ code, signal }, 'the agent ended by itself and is started again');
    },
  });
  const stopping = new AbortController();
  const control = runControl(
    {
      store,
      instance,
      clock,
      random,
      journalOf: journals.open,
      onError: (key, error, retryInMs) => {
        const level = codeOf(error) === 'Conflict' ? 'debug' : 'warn';
        log[level]({ key, code: codeOf(error), retryInMs }, messageOf(error));
      },
    },
    stopping.signal,
  );
  const following = setInterval(journals.follow, samplesMs);
  return {
    store,
    instance,
    journal: journals.get,
    journalFile: journals.file,
    async stop() {
      await agent.stop(30_000);
      closeSync(agentLog);
      stopping.abort();
      await control;
      clearInterval(following);
      journals.close();
      store.close();
      await server.close();
    },
  };
}

/** Kubernetes' own kinds are not ours to judge: the lab writes them. */
function validateOurs(object: { apiVersion: string }): string[] {
  return object.apiVersion === apiVersion ? validateObject(object) : [];
}

type Journals = {
  open(run: { uid: string; namespace: string; name: string }): Journal;
  get(uid: string): Journal | undefined;
  file(uid: string): string;
  follow(): void;
  close(): void;
};

function createJournals(
  runs: string,
  samples: string,
  { log, clock, onRecord }: MachineOptions,
  { guest, why }: MachineOptions['kernelChoice'],
): Journals {
  const open = new Map<string, { journal: Journal; follow: () => void }>();
  // A record that cannot be written (a full disk) must never keep a fault from being undone.
  const write = (journal: Journal, entry: JournalEntry): void => {
    try {
      journal.append(entry);
    } catch (error) {
      log.error({ code: codeOf(error), record: entry.type }, messageOf(error));
    }
  };
  const file = (uid: string): string => join(runs, uid, 'journal.jsonl');
  return {
    open({ uid }) {
      const known = open.get(uid);
      if (known) return known.journal;
      const journal = createJournal({ file: file(uid), run: uid, clock });
      journal.onRecord(onRecord);
      journal.append({ type: 'kernel', kernel: release(), driver: 'netem', guest, why });
      const follower = followSamples(samples, uid, (stream) => stream.slice(0, stream.indexOf(': ')));
      const follow = (): void => {
        for (const entry of follower.read()) write(journal, entry);
      };
      const append: Journal['append'] = (entry) => {
        // The last samples belong before the verdict: whoever reads the journal up to its verdict has seen them all.
        if (entry.type === 'verdict') follow();
        write(journal, entry);
      };
      open.set(uid, { journal: { ...journal, append }, follow });
      return { ...journal, append };
    },
    get: (uid) => open.get(uid)?.journal,
    file,
    follow() {
      for (const { follow } of open.values()) follow();
    },
    close() {
      for (const { journal } of open.values()) journal.close();
    },
  };
}
