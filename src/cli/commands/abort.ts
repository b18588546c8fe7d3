import { join, resolve } from 'node:path';
import { Command } from 'commander';
import type { Report } from '../../api/index.ts';
import { readStoredJournal } from '../../cluster/index.ts';
import { type ExperimentObject, experiments } from '../../control/index.ts';
import { codeOf, errorFacts, messageOf, SquallError, systemClock } from '../../lib/index.ts';
import { buildReport, readJournal } from '../../report/index.ts';
import type { Store, Stored } from '../../store/index.ts';
import { describeAbort } from '../operate/abort-outcome.ts';
import { chooseRuns, type RunName } from '../operate/choose-runs.ts';
import { asksCluster, type ClusterChoice, openCluster, withClusterOptions } from '../operate/cluster-choice.ts';
import { connectToServe } from '../operate/connect.ts';
import { untilDone } from '../run/until-done.ts';
import { defaultStateFolder, stateFiles } from '../state.ts';

type AbortOptions = ClusterChoice & { all?: true; namespace?: string; reason: string; state: string };

type ActiveRun = RunName & { object: Stored<ExperimentObject> };

/** Where runs are, and where their reports are found. */
type Place = {
  store: Store;
  /** Where a run that is named without a namespace is looked for; absent: everywhere. */
  namespace?: string;
  reportOf: (run: ActiveRun) => Promise<Report | undefined>;
};

/** A run's journal has its verdict a moment before or after its status has it. */
const journalWithinMs = 3000;
/** An operator stores a report after the verdict. */
const storedWithinMs = 10_000;

/** Exit code 0 when every undo is proven, else 5; 7 when there is no such run, or nobody to ask. */
export function abortCommand(): Command {
  return withClusterOptions(new Command('abort'))
    .description('stop a run: undo its fault, and wait for the proof')
    .argument('[name]', 'the run; with --all none')
    .option('--all', 'every active run (with -n: of that namespace)')
    .option('-n, --namespace <namespace>', 'where the run is, when several namespaces have one of its name')
    .option('--reason <text>', "why; it is in the run's report", 'squall abort')
    .option('--state <dir>', 'state folder of the squall serve that runs it', defaultStateFolder())
    .action(async (name: string | undefined, options: AbortOptions) => {
      process.exitCode = await abort(name, options);
    });
}

async function abort(name: string | undefined, options: AbortOptions): Promise<number> {
  const { all, namespace, reason } = options;
  if ((name === undefined) === (all === undefined)) {
    throw new SquallError('InvalidInput', 'expected the name of one run or --all, and not both');
  }
  if (reason.trim() === '' || reason.length > 1000) {
    throw new SquallError('InvalidInput', `--reason: expected a text of 1 to 1000 characters, found ${String(reason.length)}`);
  }
  const place = asksCluster(options) ? await onCluster(options) : await onThisMachine(options.state);
  try {
    const here = namespace ?? (name === undefined ? undefined : place.namespace);
    const chosen = chooseRuns(await activeRuns(place.store, here), {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
    });
    if (chosen.length === 0) process.stdout.write('No run is active.\n');
    const outcomes = await Promise.all(chosen.map(async (run) => await abortOne(place, run, reason)));
    return outcomes.every((undoProven) => undoProven) ? 0 : errorFacts('CleanUpIncomplete').exit;
  } finally {
    place.store.close();
  }
}

async function onThisMachine(state: string): Promise<Place> {
  const store = await connectToServe(state);
  return { store, reportOf: async ({ object }) => await readReport(resolve(state), object.metadata.uid) };
}

async function onCluster(options: AbortOptions): Promise<Place> {
  const { store, namespace } = await openCluster(options);
  return { store, namespace, reportOf: async (run) => await readStoredReport(store, run) };
}

async function activeRuns(store: Store, namespace: string | undefined): Promise<ActiveRun[]> {
  const { items } = await store.list(experiments, namespace === undefined ? {} : { namespace });
  return items
    .filter(({ status }) => status?.run.phase !== 'done')
    .map((object) => ({ namespace: object.metadata.namespace ?? 'default', name: object.metadata.name, object }));
}

/** Every run has its own outcome: one that cannot be aborted must not hide those that were. */
async function abortOne({ store, reportOf }: Place, active: ActiveRun, reason: string): Promise<boolean> {
  const { object } = active;
  const run = `${active.namespace}/${active.name}`;
  try {
    // A schedule that keeps few of its runs may delete one as soon as it is over: then its report says what became of it.
    const ended = await untilDone(store, object, AbortSignal.abort(reason)).catch((error: unknown) => {
      if (codeOf(error) !== 'NotFound') throw error;
    });
    const { text, undoProven } = describeAbort(run, ended?.status, await reportOf(active));
    process.stdout.write(`${text}\n`);
    return undoProven;
  } catch (error) {
    process.stderr.write(`${run}: ${messageOf(error)}\n`);
    return false;
  }
}

/** As with a journal: one that cannot be read only costs the two times. */
async function readStoredReport(store: Store, { namespace, name }: ActiveRun): Promise<Report | undefined> {
  const giveUp = systemClock.monotonic() + storedWithinMs;
  for (;;) {
    try {
      return buildReport(await readStoredJournal(store, namespace, name));
    } catch (error) {
      if (codeOf(error) !== 'NotFound' || systemClock.monotonic() >= giveUp) {
        process.stderr.write(`warning: ${messageOf(error)}\n`);
        return undefined;
      }
    }
    await systemClock.sleep(200);
  }
}

async function readReport(state: string, uid: string): Promise<Report | undefined> {
  const file = join(stateFiles(state).runs, uid, 'journal.jsonl');
  const giveUp = systemClock.monotonic() + journalWithinMs;
  for (;;) {
    const records = readRecords(file);
    if (records?.some(({ type }) => type === 'verdict') === true) return buildReport(records);
    if (systemClock.monotonic() >= giveUp) return records && buildReport(records);
    await systemClock.sleep(100);
  }
}

/** The undo is proven by the run's status; a journal that cannot be read only costs the two times. */
function readRecords(file: string): ReturnType<typeof readJournal> | undefined {
  try {
    return readJournal(file);
  } catch (error) {
    process.stderr.write(`warning: ${messageOf(error)}\n`);
    return undefined;
  }
}
