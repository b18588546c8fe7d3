import { SquallError } from '../lib/index.ts';
import { describeLab, type ContainerObservation, type Observations } from './describe.ts';
import type { LabPlace } from './down.ts';
import type { Lab } from './kubernetes.ts';
import { boundLogs } from './logs.ts';
import type { PlannedContainer } from './plan.ts';
import { isRunning, networkNamespaceInode, readBootId } from './process-table.ts';
import { askReadiness } from './readiness.ts';
import { containerKey, type LabRecord, readRecord, type StartedProcess, switchDaemons, switchKey } from './record.ts';

/**
 * The lab as it is now: which processes live, and which of them answer their readiness probes (each is asked once). Undefined
 * when there is no lab, or its namespaces are gone. Also cuts logs that have grown too long.
 */
export async function labStatus({ stateFolder, instance }: LabPlace): Promise<Lab | undefined> {
  const record = await readRecord(stateFolder);
  if (record?.plan.instance !== instance || record.bootId !== readBootId()) return undefined;
  if (networkNamespaceInode(record.plan.nodeNetworkNamespace) === undefined) return undefined;
  await boundLogs(stateFolder);
  return describeLab(record.plan, await observe(record));
}

/** The record of a lab that is up, for work inside it. */
export async function requireLab({ stateFolder, instance }: LabPlace): Promise<LabRecord> {
  const record = await readRecord(stateFolder);
  if (record?.plan.instance === instance && record.bootId === readBootId() && record.phase === 'up') return record;
  throw new SquallError(
    'NotFound',
    `there is no lab in the state folder '${stateFolder}'; start one with: squall lab up TOPOLOGY`,
  );
}

async function observe(record: LabRecord): Promise<Observations> {
  const containers = record.plan.pods.flatMap((pod) =>
    pod.containers.map((container) => ({ key: containerKey(pod.uid, container.name), container })),
  );
  const alive = containers.filter(({ key }) => {
    const started = record.processes[key];
    return started !== undefined && isRunning(started);
  });
  const probed = alive.flatMap(({ key, container: { readiness } }) => (readiness === undefined ? [] : [{ key, readiness }]));
  const checks = probed.map(({ readiness }) => readiness);
  const answered = await askReadiness(record.plan.nodeNetworkNamespace, checks, 0);
  const running = new Set(alive.map(({ key }) => key));
  const answering = new Set([...answered].map((index) => probed[index]?.key));
  return Object.fromEntries([
    ...containers.map(({ key, container }) => {
      const started = record.processes[key];
      return [key, observeContainer(container, started, running.has(key), answering.has(key))] as const;
    }),
    ...switchDaemons.map((daemon) => [switchKey(daemon), observeDaemon(record.processes[switchKey(daemon)])] as const),
  ]);
}

function observeDaemon(started: StartedProcess | undefined): ContainerObservation {
  if (started === undefined) return { state: 'waiting' };
  return isRunning(started) ? { state: 'running', ready: true } : { state: 'ended' };
}

function observeContainer(
  { readiness }: PlannedContainer,
  started: StartedProcess | undefined,
  running: boolean,
  answers: boolean,
): ContainerObservation {
  if (started === undefined) return { state: 'waiting' };
  if (!running) return { state: 'ended', exitCode: started.exitCode };
  return { state: 'running', ready: readiness === undefined || answers };
}
