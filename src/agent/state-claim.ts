import { readFileSync, rmSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Clock, SquallError } from '../lib/index.ts';

/** Who has the folder: for people and for other programs to read. What decides is the lock. */
type Claim = { pid: number; startedAt: string };

/** When a process started, in clock ticks since boot (field 22 of /proc/PID/stat); a pid alone may have been given away again. */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/**
 * Two agents on one state folder would take each other's faults for leftovers. Waits for one that is about to end, then throws
 * StateInUse. Of several that ask in the same instant the kernel's file lock lets one have it, and drops it when that ends, however it
 * ends. Returns what gives the folder back.
 */
export async function claimState(stateFolder: string, clock: Clock, waitMs: number): Promise<() => void> {
  const path = join(stateFolder, 'agent.json');
  await mkdir(stateFolder, { recursive: true, mode: 0o700 });
  const giveUp = clock.monotonic() + waitMs;
  let unlock = tryLock(stateFolder);
  while (unlock === undefined) {
    if (clock.monotonic() >= giveUp) {
      const holder = (await readClaim(path))?.pid ?? 'unknown';
      throw new SquallError('StateInUse', `the agent with pid ${String(holder)} works on ${stateFolder}; end it first`);
    }
    await clock.sleep(100);
    unlock = tryLock(stateFolder);
  }
  const release = unlock;
  const mine: Claim = { pid: process.pid, startedAt: startOf(process.pid) ?? '' };
  const temporary = `${path}.${String(process.pid)}`;
  try {
    await writeFile(temporary, JSON.stringify(mine), { mode: 0o600 });
    await rename(temporary, path);
  } catch {
    // On a full disk nobody can read who has it; that a former life's faults are undone matters more. What is there names somebody else.
    for (const file of [temporary, path]) rmSync(file, { force: true });
  }
  return () => {
    rmSync(path, { force: true });
    release();
  };
}

/** SQLite's exclusive lock on a file; undefined when somebody else has it. */
function tryLock(stateFolder: string): (() => void) | undefined {
  const path = join(stateFolder, 'agent.lock');
  const database = new DatabaseSync(path);
  try {
    // Nothing is ever committed; with a journal on disk a full one would keep the agent from undoing what is there.
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === sqliteBusy) return undefined;
    throw new SquallError('Internal', `could not lock ${path}`, { cause: error });
  }
  return () => {
    database.close();
  };
}

/** SQLITE_BUSY */
const sqliteBusy = 5;

async function readClaim(path: string): Promise<Claim | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Claim;
  } catch {
    // Not written yet, or given back meanwhile.
    return undefined;
  }
}
