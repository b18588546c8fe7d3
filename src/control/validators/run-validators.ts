import { isDeepStrictEqual } from 'node:util';
import { validatorUidLabel } from '../../api/index.ts';
import type { Clock } from '../../lib/index.ts';
import { createCache, type Store, type WatchTrouble } from '../../store/index.ts';
import { createNodeTaskCache } from '../node-task-cache.ts';
import { nodes, validators } from '../resources.ts';
import { createWorkQueue } from '../work-queue.ts';
import { createValidatorReconciler, type NodeOutcomeChange } from './reconciler.ts';

export type ValidatorsOptions = {
  store: Store;
  instance: string;
  clock: Clock;
  random: () => number;
  onError: (key: string, error: unknown, retryInMs: number) => void;
  onWatchTrouble?: WatchTrouble;
  onNodeOutcome?: (change: NodeOutcomeChange) => void;
};

/** Keeps every validator's status true until the signal fires. It is looked at when it, its tasks or the nodes change, and once a period. */
export async function runValidators(options: ValidatorsOptions, signal: AbortSignal): Promise<void> {
  const { store, clock, random, onError, onWatchTrouble: trouble } = options;
  const cache = createCache(store, validators, { trouble }, clock, random, signal);
  const nodeCache = createCache(store, nodes, { trouble }, clock, random, signal);
  const tasks = createNodeTaskCache(store, clock, random, signal, trouble, validatorUidLabel);
  const reconcile = createValidatorReconciler({ ...options, nodes: nodeCache, tasks });
  const queue = createWorkQueue({ reconcile, workers: 2, random, onError });
  const enqueueAll = (): void => {
    for (const { metadata } of cache.list()) queue.add(metadata.name);
  };
  await Promise.all([cache.synced, nodeCache.synced, tasks.synced]);
  cache.onChange(({ name }) => {
    queue.add(name);
  });
  tasks.onChange((_key, { object }) => {
    queue.add(object.spec.run.name);
  });
  nodeCache.onChange((_key, change) => {
    const isSame = change.type === 'modified' && isDeepStrictEqual(change.before.metadata.labels, change.object.metadata.labels);
    if (!isSame) enqueueAll();
  });
  enqueueAll();
  for (const { spec } of tasks.list()) queue.add(spec.run.name);
  await queue.run(signal);
}
