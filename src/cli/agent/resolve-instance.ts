import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { clusterInstanceFile, isInstance, type Log } from '../../agent/index.ts';
import { clusterInstance } from '../../cluster/index.ts';
import { backoff, type Clock, codeOf, errorFacts, isMissing, messageOf } from '../../lib/index.ts';
import type { Store } from '../../store/index.ts';

export type InstanceFacts = {
  store: Pick<Store, 'get'>;
  stateFolder: string;
  clock: Clock;
  random: () => number;
  log: Log;
  signal: AbortSignal;
};

const askTimeoutMs = 5000;
const betweenTries = { first: 500, most: 10_000 };

/**
 * The cluster's instance id, which is remembered in the state folder: an agent that starts while the API server is away must sweep
 * by it all the same. Without a memory nothing of ours can be here, and it asks until there is an answer.
 * Rejects with what a retry cannot help, such as PermissionDenied, where nothing is remembered; undefined when the signal fires first.
 */
export async function resolveInstance(facts: InstanceFacts): Promise<string | undefined> {
  const { store, stateFolder, clock, random, log, signal } = facts;
  const file = clusterInstanceFile(stateFolder);
  const remembered = await rememberedInstance(stateFolder);
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      const instance = await clusterInstance(store, { timeoutMs: askTimeoutMs, signal });
      if (remembered !== undefined && remembered !== instance) {
        log('warn', 'this state folder was used in another cluster', { before: remembered, instance });
      }
      if (remembered !== instance) await remember(file, instance);
      return instance;
    } catch (error) {
      if (isAborted(signal)) return undefined;
      log('warn', 'the cluster did not say its instance id', { error: messageOf(error), remembered: remembered ?? '' });
      if (remembered !== undefined) return remembered;
      if (!errorFacts(codeOf(error)).retry) throw error;
      await clock.sleep(backoff(attempt, random(), betweenTries), signal).catch(() => undefined);
    }
  }
  return undefined;
}

/** undefined also for a file that was cut off: then the cluster is asked. */
export async function rememberedInstance(stateFolder: string): Promise<string | undefined> {
  const text = await readFile(clusterInstanceFile(stateFolder), 'utf8').catch((error: unknown) => {
    if (!isMissing(error)) throw error;
    return '';
  });
  return isInstance(text.trim()) ? text.trim() : undefined;
}

async function remember(file: string, instance: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${String(process.pid)}`;
  await writeFile(temporary, `${instance}\n`, { mode: 0o600 });
  await rename(temporary, file);
}

/** A call, since TypeScript would take a signal for still quiet after an await. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
