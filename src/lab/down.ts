import { setTimeout as sleep } from 'node:timers/promises';
import { SquallError } from '../lib/index.ts';
import { deleteNamespaces } from './network.ts';
import {
  carriesMarker,
  isRunning,
  networkNamespaceInode,
  type ProcessEntry,
  type ProcessIdentity,
  readBootId,
  readProcesses,
} from './process-table.ts';
import { type LabRecord, readRecord, removeRecord } from './record.ts';
import { removeSwitchFiles } from './switch/files.ts';

export type LabPlace = {
  stateFolder: string;
  /** The state folder's instance id. */
  instance: string;
};

/** What labDown has ended and deleted. */
export type LabRemoval = {
  namespaces: string[];
  processes: number;
  /** The record was of another boot of the machine, which has taken everything with it. */
  forgotten: boolean;
};

const nothing: LabRemoval = { namespaces: [], processes: 0, forgotten: false };
const politeMs = 2000;
const forcedMs = 5000;
const pollMs = 20;
const mostLooks = 4;

/**
 * Ends a lab: every process in its namespaces, then the namespaces, whatever state a crash has left them in. Calling it again,
 * or without a lab, does nothing. Rejects with CleanUpIncomplete, keeping the record, when something could not be removed.
 */
export async function labDown({ stateFolder, instance }: LabPlace): Promise<LabRemoval> {
  const record = await readRecord(stateFolder);
  if (record === undefined) return nothing;
  refuseForeign(record, instance, stateFolder);
  if (record.bootId !== readBootId()) {
    await removeSwitchFiles(stateFolder);
    await removeRecord(stateFolder);
    return { ...nothing, forgotten: true };
  }
  refuseWhileMade(record);
  const removal = await removeEverything(record);
  await removeSwitchFiles(stateFolder);
  await removeRecord(stateFolder);
  return removal;
}

/** A program that was making the lab when its caller was killed may add a last thing; so it looks again until nothing is found. */
async function removeEverything({ plan, processes }: LabRecord): Promise<LabRemoval> {
  const names = [plan.nodeNetworkNamespace, ...plan.pods.map(({ networkNamespace }) => networkNamespace)];
  const removed = { namespaces: new Set<string>(), processes: new Set<number>() };
  const complaints: string[] = [];
  for (let look = 0; look < mostLooks; look += 1) {
    const present = names.filter((name) => networkNamespaceInode(name) !== undefined);
    const find = () => findProcesses({ instance: plan.instance, namespaces: present, started: Object.values(processes) });
    if (present.length === 0 && find().length === 0) {
      return { namespaces: [...removed.namespaces], processes: removed.processes.size, forgotten: false };
    }
    for (const pid of await endProcesses(find)) removed.processes.add(pid);
    complaints.push(...(await deleteNamespaces(present)));
    for (const name of present) removed.namespaces.add(name);
  }
  const left = names.filter((name) => networkNamespaceInode(name) !== undefined);
  const what =
    left.length === 0 ? 'something still adds to this lab' : `network namespaces that could not be deleted: ${left.join(', ')}`;
  throw new SquallError('CleanUpIncomplete', [what, ...complaints].join('; '));
}

/** A lab that another live process is making at this moment must not be pulled from under it. */
function refuseWhileMade({ phase, maker }: LabRecord): void {
  if (phase !== 'making' || maker.pid === process.pid || !isRunning(maker)) return;
  throw new SquallError('StateInUse', `process ${maker.pid} is making a lab in this state folder; wait for it, or end it`);
}

function refuseForeign(record: LabRecord, instance: string, stateFolder: string): void {
  if (record.plan.instance === instance) return;
  throw new SquallError(
    'LabFailed',
    `the lab recorded in '${stateFolder}' belongs to instance ${record.plan.instance}, not to ${instance}; use its own state folder`,
  );
}

/** Asks, then forces; finds anew each time, since processes have children. Returns the pids that there were. */
async function endProcesses(find: () => ProcessEntry[]): Promise<Set<number>> {
  const ended = new Set<number>();
  // The look that found none is the proof: another program may look into a namespace a moment later.
  let found = find();
  for (const [signal, limitMs] of [
    ['SIGTERM', politeMs],
    ['SIGKILL', forcedMs],
  ] as const) {
    const asked = new Set<number>();
    const until = performance.now() + limitMs;
    while (found.length > 0 && performance.now() < until) {
      for (const { pid } of found) {
        if (!asked.has(pid)) sendSignal(pid, signal);
        asked.add(pid);
        ended.add(pid);
      }
      await sleep(pollMs);
      found = find();
    }
  }
  if (found.length === 0) return ended;
  throw new SquallError('CleanUpIncomplete', `processes of the lab that did not end: ${found.map(({ pid }) => pid).join(', ')}`);
}

/** The lab's processes: inside one of its namespaces, marked as its own, or recorded when they were started. */
function findProcesses(lab: {
  instance: string;
  namespaces: readonly string[];
  started: readonly ProcessIdentity[];
}): ProcessEntry[] {
  const inodes = new Set(lab.namespaces.map(networkNamespaceInode));
  inodes.delete(undefined);
  const startTimes = new Map(lab.started.map(({ pid, startTime }) => [pid, startTime]));
  return readProcesses().filter(({ pid, startTime, networkNamespace }) => {
    if (pid === process.pid) return false;
    return inodes.has(networkNamespace) || startTimes.get(pid) === startTime || carriesMarker(pid, lab.instance);
  });
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It has ended since it was found.
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return;
    throw error;
  }
}
