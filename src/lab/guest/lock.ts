import { readFileSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs the work while this process holds the lock file. Waits for a living holder; a dead one's lock is taken over. Work under
 * the lock must still be safe to do twice: two processes may take over the same stale lock at once.
 */
export async function withLock<Result>(file: string, work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
  while (!(await tryLock(file))) {
    const holder = await readFile(file, 'utf8').catch(() => '');
    if (isAlive(holder)) await sleep(100, undefined, { signal });
    else await rm(file, { force: true });
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function tryLock(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx');
    await handle.writeFile(identity(process.pid) ?? '');
    await handle.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Process id and start time (field 22 of /proc/PID/stat): an id alone may have been given to another process since. */
function identity(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return `${String(pid)} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`;
  } catch {
    return undefined;
  }
}

function isAlive(holder: string): boolean {
  const pid = Number(holder.split(' ')[0]);
  // An empty file is a holder between creating and writing; it is at most a moment old, or a crash left it.
  return Number.isInteger(pid) && pid > 0 && identity(pid) === holder;
}
