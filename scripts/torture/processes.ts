/** What /proc says about the processes that are killed and started again. */
import { readdirSync, readFileSync, statSync } from 'node:fs';

/** Clock ticks a second in /proc, on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** The processes that this one has started and that are not gone. */
export function childrenOf(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);
}

/** The words of a process's command line; none when it is gone. */
export function commandOf(pid: number): string[] {
  return read(`/proc/${pid}/cmdline`).split('\0');
}

/** When a process was started, in milliseconds since 1970, to a hundredth of a second. */
export function startedAt(pid: number, now: number): number | undefined {
  const ticks = read(`/proc/${String(pid)}/stat`)
    .split(') ')[1]
    ?.split(' ')[19];
  if (ticks === undefined) return undefined;
  const uptimeSeconds = Number(read('/proc/uptime').split(' ')[0]);
  return now - (uptimeSeconds - Number(ticks) / ticksPerSecond) * 1000;
}

/** A zombie does not count: nothing of it runs. */
export function isAlive(pid: number): boolean {
  const state = read(`/proc/${String(pid)}/stat`).split(') ')[1]?.[0];
  return state !== undefined && state !== 'Z';
}

/** Resident memory in bytes, counted page by page: what `status` says is off by some hundred. Undefined when the process is gone. */
export function residentBytes(pid: number): number | undefined {
  const kibibytes = /^Rss:\s+(\d+) kB$/m.exec(read(`/proc/${String(pid)}/smaps_rollup`))?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

/** The first process whose network namespace is the one of that name. */
export function processIn(networkNamespaceInode: number, command: string): number | undefined {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).find((pid) => {
    if (read(`/proc/${String(pid)}/comm`).trim() !== command) return false;
    return namespaceOf(pid) === networkNamespaceInode;
  });
}

function namespaceOf(pid: number): number | undefined {
  try {
    return statSync(`/proc/${String(pid)}/ns/net`).ino;
  } catch {
    return undefined;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
