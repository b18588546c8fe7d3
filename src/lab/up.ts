import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, messageOf, SquallError, systemClock } from '../lib/index.ts';
import { baseEnvironment, containerLogName, type RunningContainer, startContainer } from './containers.ts';
import { describeLab, type Observations } from './describe.ts';
import { type LabPlace, labDown } from './down.ts';
import type { Lab } from './kubernetes.ts';
import { lastLines, logsFolder, removeLogs } from './logs.ts';
import { connectNamespaces, loadModules, makeNamespaces } from './network.ts';
import { type LabPlan, planLab } from './plan.ts';
import { readBootId, readStartTime } from './process-table.ts';
import { askReadiness } from './readiness.ts';
import { containerKey, type LabRecord, writeRecord } from './record.ts';
import { startExport, startSwitch, switchModules } from './switch/open-vswitch.ts';
import { requireSwitchPrograms } from './switch/requirements.ts';
import type { Topology } from './topology/read.ts';

/** Reached one after the other (`switch` only where the topology asks for one); told to `onStep` when done. */
export type LabStep = 'recorded' | 'namespaces' | 'switch' | 'network' | 'processes' | 'ready';

export type LabUpOptions = LabPlace & {
  topology: Topology;
  /** When it fires, what was made is removed and labUp rejects. */
  signal?: AbortSignal;
  /** Milliseconds that all readiness probes have together. @default 120000; an emulated machine that shares its processors takes a minute */
  readyWithinMs?: number;
  onStep?: (step: LabStep) => void;
  clock?: Clock;
};

/** A container without a readiness probe is ready when its process has lived so long. */
const aliveMs = 250;

/**
 * Makes a lab and resolves once every pod is ready. Leftovers of an earlier lab of this instance are removed first; a lab that
 * does not come up is removed again, and its logs stay. Rejects with LabFailed, PermissionDenied, ToolMissing or StateInUse.
 */
export async function labUp(options: LabUpOptions): Promise<Lab> {
  const { topology, stateFolder, instance, signal, clock = systemClock } = options;
  requireRoot();
  if (topology.switch !== undefined) requireSwitchPrograms();
  await labDown({ stateFolder, instance });
  await removeLogs(stateFolder);
  await mkdir(logsFolder(stateFolder), { recursive: true });
  const plan = planLab(topology, { instance, now: clock.now(), newUid: randomUUID, baseEnvironment: baseEnvironment(instance) });
  const maker = { pid: process.pid, startTime: readStartTime(process.pid) ?? 0 };
  const record: LabRecord = { version: 1, bootId: readBootId(), phase: 'making', maker, plan, processes: {} };
  try {
    signal?.throwIfAborted();
    return await make(record, { ...options, clock });
  } catch (error) {
    await cleanAfter(error, { stateFolder, instance });
    if (error instanceof SquallError) throw error;
    throw new SquallError('LabFailed', signal?.aborted === true ? 'the lab was stopped while it was made' : messageOf(error), {
      cause: error,
    });
  }
}

/** Something left behind is worse than the failure that led to it, and names it. */
async function cleanAfter(failure: unknown, place: LabPlace): Promise<void> {
  await labDown(place).catch((error: unknown) => {
    throw new SquallError('CleanUpIncomplete', `${messageOf(error)}; this was cleaned up after: ${messageOf(failure)}`, {
      cause: error,
    });
  });
}

async function make(record: LabRecord, options: LabUpOptions & { clock: Clock }): Promise<Lab> {
  const { stateFolder, signal, onStep = () => undefined } = options;
  const { plan } = record;
  await writeRecord(stateFolder, record);
  onStep('recorded');
  const settings = plan.switch;
  await Promise.all([loadModules(settings === undefined ? [] : switchModules), makeNamespaces(plan, signal)]);
  onStep('namespaces');
  if (settings !== undefined) {
    await startSwitch({ record, stateFolder, signal });
    await writeRecord(stateFolder, record);
    onStep('switch');
  }
  await connectNamespaces(plan, signal);
  if (settings !== undefined) await startExport({ record, settings, stateFolder, signal });
  onStep('network');
  const running = startContainers(plan, stateFolder, record);
  await writeRecord(stateFolder, record);
  onStep('processes');
  await awaitReadiness(running, record, options);
  await writeRecord(stateFolder, { ...record, phase: 'up' });
  onStep('ready');
  return describeLab(plan, observationsOf(record));
}

/** Starts everything and notes it in `record.processes`, entry by entry, so that a failure half-way loses none. */
function startContainers(plan: LabPlan, stateFolder: string, record: LabRecord): RunningContainer[] {
  const folder = logsFolder(stateFolder);
  return plan.pods.flatMap((pod) =>
    pod.containers.map((container) => {
      const running = startContainer(pod, container, join(folder, containerLogName(pod, container)));
      record.processes[containerKey(pod.uid, container.name)] = running.identity;
      return running;
    }),
  );
}

/** Waits until every container is ready, or has ended well where its pod allows that; rejects as soon as one ends badly. */
async function awaitReadiness(
  running: RunningContainer[],
  record: LabRecord,
  options: LabUpOptions & { clock: Clock },
): Promise<void> {
  const { readyWithinMs = 120_000, stateFolder, signal, clock } = options;
  const failed = new AbortController();
  const stop = AbortSignal.any([failed.signal, ...(signal === undefined ? [] : [signal])]);
  for (const container of running) {
    void container.ended.then((exitCode) => {
      const key = containerKey(container.pod.uid, container.container.name);
      Object.assign(record.processes[key] ?? {}, { exitCode, ready: false });
      if (!mayEnd(container, exitCode)) failed.abort({ container, exitCode });
    });
  }
  const probed = running.filter(({ container }) => container.readiness !== undefined);
  const checks = probed.flatMap(({ container }) => container.readiness ?? []);
  try {
    const [answered] = await Promise.all([
      askReadiness(record.plan.nodeNetworkNamespace, checks, readyWithinMs, stop),
      clock.sleep(aliveMs, stop),
    ]);
    const late = probed.find((_, index) => !answered.has(index));
    if (late !== undefined) throw await containerFailure(late, `was not ready within ${readyWithinMs} ms`, stateFolder);
  } catch (error) {
    if (!failed.signal.aborted) throw error;
    const { container, exitCode } = failed.signal.reason as { container: RunningContainer; exitCode: number | null };
    throw await containerFailure(container, `ended with ${exitCode ?? 'a signal'}`, stateFolder);
  }
  for (const { pod, container } of running) {
    const started = record.processes[containerKey(pod.uid, container.name)];
    if (started !== undefined && started.exitCode === undefined) started.ready = true;
  }
}

/** A lab restarts nothing, so a container that Kubernetes would restart must not end while the lab comes up. */
function mayEnd({ pod }: RunningContainer, exitCode: number | null): boolean {
  const { restartPolicy } = pod.manifest.spec;
  return restartPolicy === 'Never' || (restartPolicy === 'OnFailure' && exitCode === 0);
}

async function containerFailure({ pod, container }: RunningContainer, what: string, stateFolder: string): Promise<SquallError> {
  const log = join(logsFolder(stateFolder), containerLogName(pod, container));
  const output = await lastLines(log);
  const { namespace, name } = pod.manifest.metadata;
  return new SquallError(
    'LabFailed',
    `pod ${namespace}/${name}, container ${container.name} (${container.command.join(' ')}) ${what}` +
      (output === '' ? '; it wrote nothing' : `; the end of its log ${log}:\n${output}`),
  );
}

function observationsOf(record: LabRecord): Observations {
  return Object.fromEntries(
    Object.entries(record.processes).map(([key, { exitCode, ready = false }]) => [
      key,
      exitCode === undefined ? { state: 'running', ready } : { state: 'ended', exitCode },
    ]),
  );
}

function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new SquallError('PermissionDenied', 'a lab makes network namespaces, which only root may do; run the command as root');
}
