/** Looks at the processes of a node in a folder like /proc (proc(5)). What ends meanwhile is left out. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isForbidden, isMissing } from '../../../lib/index.ts';
import { readPodPlace } from './cgroup.ts';
import type { PodProcess } from './choose.ts';

/** `inode` is undefined when this agent may not look at it. */
export type ScannedProcess = Omit<PodProcess, 'inode'> & { podUid: string; inode: number | undefined };

/** Files of /proc are never waited for, so they are read at once; but renewals must not wait for all of a large node's. */
const atOnce = 200;

/** Every process that belongs to a pod. */
export async function scanProcesses(folder: string): Promise<ScannedProcess[]> {
  const found: ScannedProcess[] = [];
  const pids = processIds(folder);
  for (let from = 0; from < pids.length; from += atOnce) {
    for (const pid of pids.slice(from, from + atOnce)) {
      const process = lookAtProcess(folder, pid);
      if (process !== undefined) found.push(process);
    }
    await nextTurn();
  }
  return found;
}

export function namespacePath(folder: string, pid: number): string {
  return join(folder, String(pid), 'ns', 'net');
}

/** undefined when it has ended, or belongs to no pod. */
export function lookAtProcess(folder: string, pid: number): ScannedProcess | undefined {
  const read = (file: string) => readFileSync(join(folder, String(pid), file), 'utf8');
  return unlessEnded(() => {
    const place = readPodPlace(read('cgroup'));
    if (place === undefined) return undefined;
    const startedAt = startOf(read('stat'));
    const inode = inodeUnlessForbidden(folder, pid);
    // A number may be given away again between two looks: then pod and namespace are those of two processes.
    const again = readPodPlace(read('cgroup'));
    if (startOf(read('stat')) !== startedAt || again?.podUid !== place.podUid) return undefined;
    return { pid, startedAt, inode, ...place };
  });
}

/** Whether some process, of whatever pod or none, is in the namespace; programs of ours, which probe from within, do not count. */
export async function isInhabited(folder: string, inode: number): Promise<boolean> {
  const pids = processIds(folder);
  for (let from = 0; from < pids.length; from += atOnce) {
    const inside = pids.slice(from, from + atOnce).map((pid) =>
      unlessEnded(() => {
        if (inodeUnlessForbidden(folder, pid) !== inode) return false;
        return !isOurs(folder, pid);
      }),
    );
    if (inside.includes(true)) return true;
    await nextTurn();
  }
  return false;
}

/** Programs of ours are children of this process, or of a shell that is. */
function isOurs(folder: string, pid: number): boolean {
  const parentIn = (of: number) => parentOf(readFileSync(join(folder, String(of), 'stat'), 'utf8'));
  const parent = parentIn(pid);
  return parent === process.pid || (parent > 1 && parentIn(parent) === process.pid);
}

function processIds(folder: string): number[] {
  return readdirSync(folder)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Fields of /proc/PID/stat, which proc(5) numbers from 1: the second is the program's name in parentheses and may hold anything. */
function fieldOf(text: string, number: number): number {
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[number - 3]);
}

const parentOf = (text: string): number => fieldOf(text, 4);
const startOf = (text: string): number => fieldOf(text, 22);

function inodeUnlessForbidden(folder: string, pid: number): number | undefined {
  try {
    return statSync(namespacePath(folder, pid)).ino;
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

function unlessEnded<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
