import { readFileSync, rmSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, SquallError } from '../lib/index.ts';

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
 * StateInUse. Returns what gives the folder back.
 */
export async function claimState(stateFolder: string, clock: Clock, waitMs: number): Promise<() => void> {
  const path = join(stateFolder, 'agent.json');
  await mkdir(stateFolder, { recursive: true, mode: 0o700 });
  const giveUp = clock.monotonic() + waitMs;
  for (;;) {
    const holder = await readClaim(path);
    if (holder === undefined || startOf(holder.pid) !== holder.startedAt) break;
    if (clock.monotonic() >= giveUp) {
      throw new SquallError('StateInUse', `the agent with pid ${String(holder.pid)} works on ${stateFolder}; end it first`);
    }
    await clock.sleep(100);
  }
  const mine: Claim = { pid: process.pid, startedAt: startOf(process.pid) ?? '' };
  const temporary = `${path}.${String(process.pid)}`;
  await writeFile(temporary, JSON.stringify(mine), { mode: 0o600 });
  await rename(temporary, path);
  return () => {
    rmSync(path, { force: true });
  };
}

async function readClaim(path: string): Promise<Claim | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Claim;
  } catch {
    // None, or a broken one that nobody holds.
    return undefined;
  }
}
