import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import type { JournalRecord, Manifest, Report } from '../../api/index.ts';
import { connectivityTests, experiments, monitors, shapers, type TargetRules, validators } from '../../control/index.ts';
import { codeOf, systemClock } from '../../lib/index.ts';
import { labDown, readTopology } from '../../lab/index.ts';
import { readJournal, writeReport } from '../../report/index.ts';
import type { Resource, Store } from '../../store/index.ts';
import { prepareNetwork } from '../network/network.ts';
import { pointLab } from '../network/point-lab.ts';
import type { CollectorPlace } from '../network/sflow-options.ts';
import { fileAnnotation } from '../serve/decide-operations.ts';
import { lockState } from '../state-lock.ts';
import { instanceId } from '../state.ts';
import { type Machine, startMachine } from './machine.ts';
import { openLab } from './open-lab.ts';
import { createSettledLab } from './settled-lab.ts';
import type { KernelHere } from './in-guest.ts';
import { untilDone } from './until-done.ts';
import { validateOnce, type Validated } from './validate-once.ts';
import { monitorsWanted, type Runnable } from './wrap.ts';

export type LocalRun = {
  stateFolder: string;
  /** Shapers, tests, validators and monitors that the experiments refer to. */
  manifests: readonly Manifest[];
  experiments: readonly Runnable[];
  /** Looked at once, before any experiment. */
  validators: readonly Runnable[];
  /** Without it, a lab that is up in the state folder is used. */
  lab?: string;
  out?: string;
  log: Logger;
  kernelChoice: KernelHere;
  targets: TargetRules;
  sflow: CollectorPlace;
  onRecord: (record: JournalRecord) => void;
  onValidated: (validated: Validated) => void;
  /** Told of runs that a former life of this state folder left unfinished, once they are ended. */
  onRecovered: (recovered: Reported) => void;
  signal: AbortSignal;
};

/** A report and the folder that its files are in. */
export type Reported = { report: Report; folder: string };

/** Looks at validators, then runs experiments on this machine, one after the other, each to its verdict; returns their reports in order. */
export async function runLocally(options: LocalRun): Promise<Reported[]> {
  const { stateFolder, lab: topologyFile, log, kernelChoice, targets, onRecord } = options;
  using _lock = lockState(stateFolder);
  const topology = topologyFile === undefined ? undefined : await readTopology({ file: topologyFile });
  const place = { stateFolder, instance: instanceId(stateFolder) };
  const lab = createSettledLab((address) => pointLab(place, address, log));
  const network = prepareNetwork(options.sflow, systemClock, log, lab.opened);
  const machine = await startMachine({
    stateFolder,
    log,
    clock: systemClock,
    random: Math.random,
    onRecord,
    kernelChoice,
    targets,
    network,
  });
  try {
    for (const recovered of await recover(machine, options.signal)) options.onRecovered(recovered);
    if (!(await openLab({ store: machine.store, place, topology, log, signal: options.signal }))) return [];
    await lab.settled();
    const reports: Reported[] = [];
    const wanted = monitorsWanted(options.manifests);
    await forgetMonitors(machine.store, (name) => !wanted.has(name));
    await putReferenced(machine.store, options.manifests);
    for (const validator of options.validators) {
      const validated = await validateOnce(machine.store, validator, options.signal);
      if (validated !== undefined) options.onValidated(validated);
    }
    for (const [index, runnable] of options.experiments.entries()) {
      if (options.signal.aborted && index > 0) break;
      reports.push(await runOne(machine, runnable, outFolder(options, runnable, index), options.signal));
    }
    await forgetMonitors(machine.store, (name) => wanted.has(name));
    return reports;
  } finally {
    await machine.stop();
    if (topology) await labDown(place);
  }
}

/** Several experiments of one command must not overwrite each other's files. */
function outFolder({ out, experiments: all }: LocalRun, { metadata }: Runnable, index: number): string | undefined {
  if (out === undefined || all.length === 1) return out;
  return join(out, `${index + 1}-${metadata.namespace ?? 'default'}-${metadata.name}`);
}

async function runOne(machine: Machine, runnable: Runnable, out: string | undefined, signal: AbortSignal): Promise<Reported> {
  const { store } = machine;
  const key = { namespace: runnable.metadata.namespace ?? 'default', name: runnable.metadata.name };
  await store.delete(experiments, key).catch(ignoreNotFound);
  const created = await store.create(experiments, { ...runnable, metadata: { ...runnable.metadata, ...key } });
  await untilDone(store, created, signal);
  return await writeReports(machine, created.metadata.uid, out);
}

/** Ends what a former life left unfinished: the reconcilers undo it and give it its verdict; here its report is written. */
async function recover(machine: Machine, signal: AbortSignal): Promise<Reported[]> {
  const { items } = await machine.store.list(experiments);
  const reports: Reported[] = [];
  for (const item of items) {
    if (item.status?.run.phase === 'done') continue;
    await untilDone(machine.store, item, signal);
    reports.push(await writeReports(machine, item.metadata.uid, undefined));
  }
  return reports;
}

async function writeReports(machine: Machine, uid: string, out: string | undefined): Promise<Reported> {
  const records = readJournal(machine.journals.file(uid));
  const own = dirname(machine.journals.file(uid));
  const report = await writeReport(own, records);
  if (out !== undefined) await writeReport(out, records);
  return { report, folder: out ?? own };
}

async function putReferenced(store: Store, manifests: readonly Manifest[]): Promise<void> {
  for (const { kind, object } of manifests) {
    if (kind === 'NetworkTrafficShaper') await put(store, shapers, object);
    if (kind === 'NetworkConnectivityTest') await put(store, connectivityTests, object);
    if (kind === 'NetworkModulesValidator') await put(store, validators, object);
    if (kind === 'NetworkMonitor') await put(store, monitors, object);
  }
}

/**
 * What is left in the store is watched by whatever works on this state folder next, for nobody: so before the runs what they do not refer to goes,
 * and afterwards what they did. That of a served folder stays.
 */
async function forgetMonitors(store: Store, isForgotten: (name: string) => boolean): Promise<void> {
  for (const { metadata } of (await store.list(monitors)).items) {
    const { namespace = 'default', name, annotations } = metadata;
    const isServed = annotations?.[fileAnnotation] !== undefined;
    if (isServed || !isForgotten(`${namespace}/${name}`)) continue;
    await store.delete(monitors, { namespace, name }).catch(ignoreNotFound);
  }
}

/** What looks at a validator, or watches for a monitor, writes its status meanwhile. */
const mostConflicts = 10;

/** Creates the object, or replaces the spec of the one that is there. */
async function put<T extends Runnable>(store: Store, resource: Resource<T & { apiVersion: string }>, object: T): Promise<void> {
  const { namespace = 'default', name } = object.metadata;
  const key = resource.namespaced ? { namespace, name } : { name };
  for (let conflicts = 0; ; conflicts += 1) {
    try {
      const current = await store.get(resource, key);
      await store.update(resource, { ...current, spec: object.spec });
      return;
    } catch (error) {
      if (codeOf(error) === 'NotFound') break;
      if (codeOf(error) !== 'Conflict' || conflicts === mostConflicts) throw error;
    }
  }
  await store.create(resource, { ...object, metadata: { ...object.metadata, ...key } });
}

function ignoreNotFound(error: unknown): void {
  if (codeOf(error) !== 'NotFound') throw error;
}
