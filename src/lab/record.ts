import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing, SquallError } from '../lib/index.ts';
import type { LabPlan } from './plan.ts';
import type { ProcessIdentity } from './process-table.ts';

/**
 * What a lab has made, or is about to make: written before the first namespace, so that whatever a crash leaves can be found
 * again: namespaces by their names, processes by the namespace they are in, by the marker they carry, or as recorded.
 */
export type LabRecord = {
  version: 1;
  bootId: string;
  phase: 'making' | 'up';
  /** The process that makes the lab. */
  maker: ProcessIdentity;
  plan: LabPlan;
  /** By containerKey or switchKey; there is an entry once it was started. */
  processes: Record<string, StartedProcess>;
};

export type StartedProcess = ProcessIdentity & {
  /** Known only when it ended while its lab was being made; null when a signal ended it. */
  exitCode?: number | null;
  /** Passed its readiness probe, or has none and stayed alive. */
  ready?: boolean;
};

/** Where the lab keeps its things in a state folder. */
export function labFolder(stateFolder: string): string {
  return join(stateFolder, 'lab');
}

export function containerKey(podUid: string, container: string): string {
  return `${podUid}/${container}`;
}

/** The processes of a switch that is not the kernel's. */
export const switchDaemons = ['ovsdb-server', 'ovs-vswitchd', 'sflow-relay'] as const;
export type SwitchDaemon = (typeof switchDaemons)[number];

/** No uid is `switch`, so it is the key of no container. */
export function switchKey(daemon: SwitchDaemon): string {
  return `switch/${daemon}`;
}

/** Undefined when there is no lab. */
export async function readRecord(stateFolder: string): Promise<LabRecord | undefined> {
  const path = recordPath(stateFolder);
  try {
    return JSON.parse(await readFile(path, 'utf8')) as LabRecord;
  } catch (error) {
    if (isMissing(error)) return undefined;
    const remedy = 'look for namespaces with `ip netns`, delete those of this lab, then remove the file';
    throw new SquallError('LabFailed', `cannot read the lab's record '${path}': ${remedy}`, { cause: error });
  }
}

/** Replaces the record at once: after a crash at any moment the old or the new one is there, whole. */
export async function writeRecord(stateFolder: string, record: LabRecord): Promise<void> {
  const path = recordPath(stateFolder);
  await mkdir(labFolder(stateFolder), { recursive: true });
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(record));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}

export async function removeRecord(stateFolder: string): Promise<void> {
  await rm(recordPath(stateFolder), { force: true });
  await rm(`${recordPath(stateFolder)}.new`, { force: true });
}

function recordPath(stateFolder: string): string {
  return join(labFolder(stateFolder), 'record.json');
}
