/** What work costs this process and those that it starts. Processes can only be counted where nobody else starts any (see apart.ts). */
import { readFile } from 'node:fs/promises';
import { millisecondsPerTick } from './agent.ts';

/** Milliseconds, and a count. CPU time of what was started is known in ticks of 10 ms, so that only the mean of many tells something. */
export type Cost = { ms: number; processes: number; ownCpuMs: number; startedCpuMs: number };

export async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const before = await readCounters();
  const started = performance.now();
  await work();
  const ms = performance.now() - started;
  const after = await readCounters();
  return {
    ms,
    processes: after.lastPid - before.lastPid,
    ownCpuMs: after.ownCpuMs - before.ownCpuMs,
    startedCpuMs: after.startedCpuMs - before.startedCpuMs,
  };
}

type Counters = { lastPid: number; ownCpuMs: number; startedCpuMs: number };

/** The kernel numbers processes (and threads: of ours all are there by now) one after the other in each process namespace. */
async function readCounters(): Promise<Counters> {
  const [load, facts] = await Promise.all([readFile('/proc/loadavg', 'utf8'), readFile('/proc/self/stat', 'utf8')]);
  const fields = facts.slice(facts.lastIndexOf(')') + 2).split(' ');
  const { user, system } = process.cpuUsage();
  return {
    lastPid: Number(load.trim().split(' ').at(-1)),
    ownCpuMs: (user + system) / 1000,
    // cutime and cstime of proc_pid_stat(5): of all that has ended and was waited for.
    startedCpuMs: (Number(fields[13]) + Number(fields[14])) * millisecondsPerTick,
  };
}
