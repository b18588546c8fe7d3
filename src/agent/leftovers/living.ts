/** The instances that somebody looks after. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * By the arguments of every process of this machine (see src/agent/main.ts), which unlike a state folder cannot be in another place. An agent in a
 * container whose processes cannot be seen from here is missed: its faults would end early.
 */
export async function livingInstances(processes = '/proc'): Promise<Set<string>> {
  const pids = (await readdir(processes)).filter((name) => /^\d+$/.test(name));
  const instances = await Promise.all(pids.map(async (pid) => instanceIn(await readArguments(join(processes, pid, 'cmdline')))));
  return new Set(instances.filter((instance) => instance !== undefined));
}

/** Of an agent's arguments; undefined when they are another program's. */
export function instanceIn(words: readonly string[]): string | undefined {
  const after = (option: string): string | undefined => {
    const at = words.indexOf(option);
    return at === -1 ? undefined : words[at + 1];
  };
  const instance = after('--instance');
  if (instance === undefined || !/^[0-9a-f]{8}$/.test(instance)) return undefined;
  return after('--socket') !== undefined && after('--node') !== undefined ? instance : undefined;
}

async function readArguments(file: string): Promise<string[]> {
  // A process that has ended meanwhile looks after nothing.
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\0');
}
