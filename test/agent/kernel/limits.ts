/** Takes from a running agent what the operating system gives to processes, and gives it back. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from '../../kernel/namespaces.ts';

/** Resolves to what gives it back. */
export type Take = (pid: number) => Promise<() => Promise<unknown>>;

/** Lowers the soft limit only. */
export const limitBy =
  (resource: 'nofile' | 'nproc' | 'fsize', value: number): Take =>
  async (pid) => {
    const set = async (text: string) => await command('prlimit', ['--pid', String(pid), `--${resource}=${text}:`]);
    const before = await command('prlimit', ['--pid', String(pid), `--${resource}`, '--raw', '--noheadings', '-o', 'SOFT']);
    await set(String(value));
    return async () => await set(before.trim());
  };

/** So that exactly so many more files can be opened. */
export const leaveDescriptors =
  (free: number): Take =>
  async (pid) => {
    const used = new Set(await readdir(`/proc/${String(pid)}/fd`));
    let [limit, left] = [0, free];
    for (; left > 0 || used.has(String(limit)); limit += 1) if (!used.has(String(limit))) left -= 1;
    return await limitBy('nofile', limit)(pid);
  };

/** The pids controller's: of version 1, or the one tree of version 2 where it hands that on; undefined where this machine has neither. */
const pidsTree = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup'].find((folder) =>
  folder.endsWith('/pids') ? existsSync(join(folder, 'cgroup.procs')) : handsOnPids(join(folder, 'cgroup.subtree_control')),
);
export const canLimitProcesses = process.getuid?.() === 0 && pidsTree !== undefined;

function handsOnPids(file: string): boolean {
  return existsSync(file) && readFileSync(file, 'utf8').split(/\s/).includes('pids');
}

/** No thread or process more than there are: what pods, containers and services of systemd have a limit for. */
export const leaveNoProcess: Take = async (pid) => {
  const tree = pidsTree ?? '';
  const folder = join(tree, `squall-test-${String(pid)}`);
  await mkdir(folder);
  await writeFile(join(folder, 'cgroup.procs'), String(pid));
  await writeFile(join(folder, 'pids.max'), await readFile(join(folder, 'pids.current'), 'utf8'));
  return async () => {
    await writeFile(join(tree, 'cgroup.procs'), String(pid));
    await rmdir(folder);
  };
};
