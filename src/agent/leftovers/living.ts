/** The instances that somebody looks after. */
import { readdir, readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { clusterInstanceFile, isInstance } from '../identity.ts';

/** What an agent's arguments say of it: the instance, or without that the state folder in which it is remembered. */
export type AgentArguments = { instance: string | undefined; state: string | undefined };

/** Where the state of an agent is that was told nothing else; agents run as root. */
const defaultState = '/var/lib/squall';

/**
 * By the arguments of every process of this machine (src/agent/main.ts, and `squall agent` of a cluster's node), which unlike a state folder cannot
 * be in another place. An agent in a container whose processes cannot be seen from here is missed: its faults would end early.
 */
export async function livingInstances(processes = '/proc'): Promise<Set<string>> {
  const pids = (await readdir(processes)).filter((name) => /^\d+$/.test(name));
  const instances = await Promise.all(pids.map(async (pid) => await instanceOf(join(processes, pid))));
  return new Set(instances.filter((instance) => instance !== undefined));
}

/** @param process its folder in /proc */
async function instanceOf(process: string): Promise<string | undefined> {
  const agent = agentIn(await readWords(join(process, 'cmdline')));
  if (agent === undefined) return undefined;
  if (agent.instance !== undefined) return agent.instance;
  const environment = await readWords(join(process, 'environ'));
  const told = environment.find((word) => word.startsWith('SQUALL_STATE='))?.slice('SQUALL_STATE='.length);
  const state = agent.state ?? (told === '' ? undefined : told) ?? defaultState;
  // As that process sees it: it may be in a container.
  const remembered = (await readWords(clusterInstanceFile(join(process, isAbsolute(state) ? 'root' : 'cwd', state))))[0]?.trim();
  return remembered !== undefined && isInstance(remembered) ? remembered : undefined;
}

/** undefined when the arguments are another program's. */
export function agentIn(words: readonly string[]): AgentArguments | undefined {
  const valueOf = (option: string): string | undefined => {
    const at = words.indexOf(option);
    return at === -1 ? words.find((word) => word.startsWith(`${option}=`))?.slice(option.length + 1) : words[at + 1];
  };
  const instance = valueOf('--instance');
  const isAgent = valueOf('--socket') !== undefined ? isInstance(instance ?? '') : words.includes('agent');
  if (!isAgent || valueOf('--node') === undefined || (instance !== undefined && !isInstance(instance))) return undefined;
  return { instance, state: valueOf('--state') };
}

async function readWords(file: string): Promise<string[]> {
  // A process that has ended meanwhile looks after nothing.
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\0');
}
