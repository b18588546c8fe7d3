import { join } from 'node:path';
import type { Logger } from 'pino';
import type { JournalRecord, Manifest, Report } from '../../api/index.ts';
import { abortAnnotation, connectivityTests, type ExperimentObject, experiments, shapers } from '../../control/index.ts';
import { codeOf, SquallError, systemClock } from '../../lib/index.ts';
import { labDown, labUp, readTopology } from '../../lab/index.ts';
import { readJournal, writeReport } from '../../report/index.ts';
import type { Resource, Store, Stored } from '../../store/index.ts';
import { lockState } from '../state-lock.ts';
import { instanceId } from '../state.ts';
import { putLab } from './lab-objects.ts';
import { type Machine, startMachine } from './machine.ts';
import type { Runnable } from './wrap.ts';

/** Where the report of a run goes besides the state folder; written on the run, so that a later start can still put it there. */
const outAnnotation = 'squall.networkmachinery.io/out';

export type LocalRun = {
  stateFolder: string;
  /** Shapers and tests that the experiments refer to. */
  manifests: readonly Manifest[];
  experiments: readonly Runnable[];
  lab?: string;
  out?: string;
  log: Logger;
  kernelChoice: { guest: boolean; why: string };
  onRecord: (record: JournalRecord) => void;
  /** Told of runs that a former life of this state folder left unfinished, once they are ended. */
  onRecovered: (report: Report) => void;
  signal: AbortSignal;
};

/** Runs experiments on this machine, one after the other, each to its verdict; returns their reports in order. */
export async function runLocally(options: LocalRun): Promise<Report[]> {
  const { stateFolder, lab, log, kernelChoice, onRecord } = options;
  using _lock = lockState(stateFolder);
  const topology = lab === undefined ? undefined : await readTopology({ file: lab });
  const place = { stateFolder, instance: instanceId(stateFolder) };
  const machine = await startMachine({ stateFolder, log, clock: systemClock, random: Math.random, onRecord, kernelChoice });
  try {
    for (const report of await recover(machine)) options.onRecovered(report);
    if (topology) await putLab(machine.store, await labUp({ ...place, topology, signal: options.signal }));
    const reports: Report[] = [];
    await putReferenced(machine.store, options.manifests);
    for (const [index, runnable] of options.experiments.entries()) {
      if (options.signal.aborted && index > 0) break;
      reports.push(await runOne(machine, runnable, outFolder(options, runnable), options.signal));
    }
    return reports;
  } finally {
    await machine.stop();
    if (topology) await labDown(place);
  }
}

/** Several experiments of one command must not overwrite each other's files. */
function outFolder({ out, experiments: all }: LocalRun, { metadata }: Runnable): string | undefined {
  return out === undefined || all.length === 1 ? out : join(out, metadata.name);
}

async function runOne(machine: Machine, runnable: Runnable, out: string | undefined, signal: AbortSignal): Promise<Report> {
  const { store } = machine;
  const key = { namespace: runnable.metadata.namespace ?? 'default', name: runnable.metadata.name };
  await store.delete(experiments, key).catch(ignoreNotFound);
  const annotations = { ...runnable.metadata.annotations, ...(out === undefined ? {} : { [outAnnotation]: out }) };
  const { apiVersion, kind, spec } = runnable;
  const metadata = { ...runnable.metadata, ...key, annotations };
  const created = await store.create(experiments, { apiVersion, kind, metadata, spec });
  const abort = (): void => {
    void store.patchMetadata(experiments, key, { annotations: { [abortAnnotation]: String(signal.reason) } }).catch(() => {
      // The run is gone or over: there is nothing left to abort.
    });
  };
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await untilDone(store, created);
  } finally {
    signal.removeEventListener('abort', abort);
  }
  return await writeReports(machine, created.metadata.uid, out);
}

/** Ends what a former life left unfinished: the reconcilers undo it and give it its verdict; here its report is written. */
async function recover(machine: Machine): Promise<Report[]> {
  const { items } = await machine.store.list(experiments);
  const reports: Report[] = [];
  for (const item of items) {
    if (item.status?.run.phase === 'done') continue;
    await untilDone(machine.store, item);
    reports.push(await writeReports(machine, item.metadata.uid, item.metadata.annotations?.[outAnnotation]));
  }
  return reports;
}

async function untilDone(store: Store, { metadata }: Stored<ExperimentObject>): Promise<void> {
  const key = { namespace: metadata.namespace ?? 'default', name: metadata.name };
  for (;;) {
    const current = await store.get(experiments, key);
    if (current.metadata.uid !== metadata.uid)
      throw new SquallError('NotFound', `the run ${key.namespace}/${key.name} was deleted`);
    if (current.status?.run.phase === 'done') return;
    await systemClock.sleep(200);
  }
}

async function writeReports(machine: Machine, uid: string, out: string | undefined): Promise<Report> {
  const records = readJournal(machine.journalFile(uid));
  const report = await writeReport(join(machine.journalFile(uid), '..'), records);
  if (out !== undefined) await writeReport(out, records);
  return report;
}

async function putReferenced(store: Store, manifests: readonly Manifest[]): Promise<void> {
  for (const { kind, object } of manifests) {
    if (kind === 'NetworkTrafficShaper') await put(store, shapers, object);
    if (kind === 'NetworkConnectivityTest') await put(store, connectivityTests, object);
  }
}

/** Creates the object, or replaces the spec of the one that is there. */
async function put<T extends Runnable>(store: Store, resource: Resource<T & { apiVersion: string }>, object: T): Promise<void> {
  const key = { namespace: object.metadata.namespace ?? 'default', name: object.metadata.name };
  try {
    const current = await store.get(resource, key);
    await store.update(resource, { ...current, spec: object.spec });
  } catch (error) {
    ignoreNotFound(error);
    await store.create(resource, { ...object, metadata: { ...object.metadata, ...key } });
  }
}

function ignoreNotFound(error: unknown): void {
  if (codeOf(error) !== 'NotFound') throw error;
}
