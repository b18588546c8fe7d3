import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Clock, codeOf, messageOf } from '../../lib/index.ts';
import { boundLogs, labDown, readTopology } from '../../lab/index.ts';
import { startMachine } from '../run/machine.ts';
import { openLab } from '../run/open-lab.ts';
import { untilDone } from '../run/until-done.ts';
import { lockState } from '../state-lock.ts';
import { instanceId, stateFiles } from '../state.ts';
import { boundForeignFile } from './bound-files.ts';
import { followFolder } from './follow-folder.ts';
import { keepRuns, type RunKeeper } from './keep-runs.ts';
import type { ListenAddress } from './listen-address.ts';

export type LocalServe = {
  folder: string;
  stateFolder: string;
  /** Without it, a lab that is up in the state folder is used. */
  lab: string | undefined;
  listen: ListenAddress | undefined;
  log: Logger;
  clock: Clock;
  random: () => number;
  /** Why this kernel is the one that is used, for the journals. */
  kernelChoice: { guest: boolean; why: string };
  /** Ends it: nothing more starts, what is active is aborted with the signal's reason, undone and reported. */
  signal: AbortSignal;
};

const boundFilesEveryMs = 60_000;

/** Runs what a folder asks for on this machine, until the signal fires and everything is undone. */
export async function serveLocally(options: LocalServe): Promise<void> {
  const { folder, stateFolder, lab, log, clock, random, kernelChoice, signal } = options;
  using _lock = lockState(stateFolder);
  const topology = lab === undefined ? undefined : await readTopology({ file: lab });
  const place = { stateFolder, instance: instanceId(stateFolder) };
  const { runs } = stateFiles(stateFolder);
  const machine = await startMachine({ stateFolder, log, clock, random, onRecord: () => undefined, kernelChoice });
  const { store, journals } = machine;
  const closing = new AbortController();
  const keeper = keepRuns({ store, journals, runs, clock, random, log, signal: closing.signal });
  const bounding = setInterval(() => {
    boundFiles(stateFolder, log);
  }, boundFilesEveryMs);
  try {
    await keeper.ready;
    // A lab that is replaced takes its namespaces along: what a former life left in them is undone first.
    if (topology) await untilAllDone(keeper, store, signal, log);
    if (await openLab({ store, place, topology, log, signal })) {
      const onLoaded = (): void => {
        log.info({ folder, state: stateFolder }, 'serving');
      };
      await followFolder({ folder, store, clock, log, onLoaded, signal });
    }
  } finally {
    log.info('stopping: what is active is aborted and undone');
    await untilAllDone(keeper, store, AbortSignal.abort('Stopped'), log);
    closing.abort();
    await keeper.ended;
    clearInterval(bounding);
    await machine.stop();
    if (topology) await labDown(place);
  }
}

/** Waits until no run is active. A run that cannot be ended is told and left to its lease and to the next start. */
async function untilAllDone(
  keeper: RunKeeper,
  store: Parameters<typeof untilDone>[0],
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  await Promise.all(
    keeper.active().map(async (run) => {
      await untilDone(store, run, signal).catch((error: unknown) => {
        if (codeOf(error) !== 'NotFound') log.error({ code: codeOf(error), run: run.metadata.uid }, messageOf(error));
      });
    }),
  );
}

function boundFiles(stateFolder: string, log: Logger): void {
  const tell = (error: unknown): void => {
    log.error({ code: codeOf(error) }, `log files could not be bounded: ${messageOf(error)}`);
  };
  try {
    boundForeignFile(join(stateFolder, 'agent.log'));
  } catch (error) {
    tell(error);
  }
  boundLogs(stateFolder).catch(tell);
}
