import { existsSync, readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type ExperimentObject, experiments } from '../../control/index.ts';
import { type Clock, codeOf, messageOf } from '../../lib/index.ts';
import { readJournal, reportFiles, writeReport } from '../../report/index.ts';
import { createCache, type Store, type Stored, type WatchTrouble } from '../../store/index.ts';
import type { Journals } from '../run/journals.ts';

export type KeepRunsOptions = {
  store: Store;
  journals: Pick<Journals, 'close' | 'file'>;
  /** The folder that holds one folder a run. */
  runs: string;
  clock: Clock;
  random: () => number;
  log: Logger;
  trouble: WatchTrouble;
  signal: AbortSignal;
};

export type RunKeeper = {
  /** Every run that has not ended. */
  active(): Stored<ExperimentObject>[];
  /** Resolves once the runs that are stored now are known. */
  ready: Promise<void>;
  /** Resolves once the signal has fired and every report that is due has been tried. */
  ended: Promise<void>;
};

const lookEveryMs = 500;
const retainEveryMs = 60_000;
/** Folders kept of runs whose objects are gone. */
const keptWithoutObject = 20;

/**
 * Gives every run that is over its report and closes its journal; removes the folders of runs that are gone, except the newest.
 * A report that cannot be written (a full disk) is tried again.
 */
export function keepRuns({ store, journals, runs, clock, random, log, trouble, signal }: KeepRunsOptions): RunKeeper {
  const watching = new AbortController();
  const cache = createCache(store, experiments, { trouble }, clock, random, watching.signal);
  /** Reports that are written, of runs that are stored: bounded by what the store keeps. */
  let reported = new Set<string>();
  let troubled = new Set<string>();
  /** Over and deleted before their report was written, as a schedule that keeps none of its runs does. */
  let departed: Stored<ExperimentObject>[] = [];

  cache.onChange((_key, { type, object }) => {
    if (type !== 'deleted') return;
    journals.close(object.metadata.uid);
    if (object.status?.run.phase === 'done' && !reported.has(object.metadata.uid)) departed.push(object);
  });

  async function reportOne(run: Stored<ExperimentObject>): Promise<void> {
    const { uid, namespace = 'default', name } = run.metadata;
    const folder = join(runs, uid);
    if (!existsSync(join(folder, reportFiles[reportFiles.length - 1] ?? ''))) {
      journals.close(uid);
      const { verdict, reason, residue } = await writeReport(folder, readJournal(journals.file(uid)));
      log.info(
        { run: uid, verdict, reason, residue },
        `${namespace}/${name}: ${verdict} (${reason}); its report is in ${folder}`,
      );
    }
    reported.add(uid);
  }

  async function round(): Promise<void> {
    // One whose folder is gone has no journal to report from.
    departed = departed.filter(({ metadata: { uid } }) => !reported.has(uid) && existsSync(join(runs, uid)));
    const stored = [...cache.list(), ...departed];
    reported = new Set(stored.map(({ metadata }) => metadata.uid).filter((uid) => reported.has(uid)));
    for (const run of stored) {
      const { uid } = run.metadata;
      if (run.status?.run.phase !== 'done' || reported.has(uid)) continue;
      try {
        await reportOne(run);
        troubled.delete(uid);
      } catch (error) {
        if (!troubled.has(uid))
          log.error({ run: uid, code: codeOf(error) }, `no report yet, it is tried again: ${messageOf(error)}`);
        troubled.add(uid);
      }
    }
    troubled = new Set([...troubled].filter((uid) => stored.some(({ metadata }) => metadata.uid === uid)));
  }

  async function work(): Promise<void> {
    await cache.synced;
    let retainedAt = -Infinity;
    for (;;) {
      const last = signal.aborted;
      await round();
      if (clock.monotonic() - retainedAt >= retainEveryMs) {
        retainedAt = clock.monotonic();
        await removeOldRuns(runs, new Set(cache.list().map(({ metadata }) => metadata.uid))).catch((error: unknown) => {
          log.error({ code: codeOf(error) }, `old folders of runs could not be removed: ${messageOf(error)}`);
        });
      }
      if (last) break;
      await clock.sleep(lookEveryMs, signal).catch(() => undefined);
    }
    watching.abort();
  }

  return {
    active: () => cache.list().filter(({ status }) => status?.run.phase !== 'done'),
    ready: cache.synced,
    ended: work(),
  };
}

/** Removes the folders of runs whose objects are gone, except the newest; returns the removed names. */
export async function removeOldRuns(
  runs: string,
  stored: ReadonlySet<string>,
  kept: number = keptWithoutObject,
): Promise<string[]> {
  const gone = readdirSync(runs)
    .filter((uid) => !stored.has(uid))
    .map((uid) => ({ uid, changedAt: statSync(join(runs, uid)).mtimeMs }))
    .sort((a, b) => b.changedAt - a.changedAt)
    .slice(kept)
    .map(({ uid }) => uid);
  for (const uid of gone) await rm(join(runs, uid), { recursive: true, force: true });
  return gone;
}
