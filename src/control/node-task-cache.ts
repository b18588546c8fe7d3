import { nodeLabel, type NodeTask, runUidLabel, systemNamespace } from '../api/index.ts';
import type { Clock } from '../lib/index.ts';
import { type Cache, createCache, type Store, type WatchTrouble } from '../store/index.ts';
import { nodeTasks } from './resources.ts';

/** The NodeTasks of runs, or of what else the label says, on every node; kept up to date until the signal fires. */
export function createNodeTaskCache(
  store: Store,
  clock: Clock,
  random: () => number,
  signal: AbortSignal,
  trouble?: WatchTrouble,
  ownerLabel = runUidLabel,
): Cache<NodeTask> {
  const ofNodes = { namespace: systemNamespace, labelSelector: `${nodeLabel},${ownerLabel}`, trouble };
  return createCache<NodeTask>(store, nodeTasks, ofNodes, clock, random, signal);
}
