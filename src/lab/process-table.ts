/** Reads /proc (see proc(5)). Processes come and go while it is read: what has vanished is left out. */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { isForbidden, isMissing } from '../lib/index.ts';

/** A pid alone may be given to another process later; together with its start time it names one process of one boot. */
export type ProcessIdentity = {
  pid: number;
  /** Clock ticks since boot. */
  startTime: number;
};

export type ProcessEntry = ProcessIdentity & {
  state: string;
  /** Inode of the network namespace; absent for a process that is just ending. */
  networkNamespace?: number;
};

/** Changes with every boot; process ids and namespaces of another boot mean nothing. */
export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Every process that still runs, zombies left out. */
export function readProcesses(): ProcessEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)) ?? []);
}

export function readProcess(pid: number): ProcessEntry | undefined {
  const entry = whileItExists(() => parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'utf8')));
  if (entry === undefined || entry.state === 'Z' || entry.state === 'X') return undefined;
  return { ...entry, networkNamespace: whileItExists(() => parseNamespaceLink(readlinkSync(`/proc/${pid}/ns/net`))) };
}

/** Also of a zombie, unlike readProcess: a child that has just ended keeps its pid until its parent has asked for its exit code. */
export function readStartTime(pid: number): number | undefined {
  return whileItExists(() => parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'utf8')).startTime);
}

export function isRunning({ pid, startTime }: ProcessIdentity): boolean {
  return readProcess(pid)?.startTime === startTime;
}

/** The variable that all processes of a lab, and the programs that make it, carry; its value is the lab's instance id. */
export const markerVariable = 'SQUALL_LAB';

/** Whether a process was started with the marker of this instance; its children have it too, unless they cleared their environment. */
export function carriesMarker(pid: number, instance: string): boolean {
  const environment = whileItExists(() => readFileSync(`/proc/${pid}/environ`, 'utf8')) ?? '';
  return environment.split('\0').includes(`${markerVariable}=${instance}`);
}

/** The inode of a named network namespace; undefined when there is none of this name. */
export function networkNamespaceInode(name: string): number | undefined {
  return whileItExists(() => statSync(networkNamespacePath(name)).ino);
}

export function networkNamespacePath(name: string): string {
  return `/run/netns/${name}`;
}

/** The program's name stands in parentheses and may contain any character, so fields are counted from the last `)`. */
export function parseProcessStat(text: string): Omit<ProcessEntry, 'networkNamespace'> {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid: Number.parseInt(text, 10),
    state: fields[0] ?? 'X',
    startTime: Number(fields[19]),
  };
}

/** 4026531840 from `net:[4026531840]`. */
function parseNamespaceLink(text: string): number {
  return Number(text.slice('net:['.length, -1));
}

function whileItExists<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (isMissing(error) || isForbidden(error)) return undefined;
    throw error;
  }
}
