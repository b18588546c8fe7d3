import { nodeLabel, type NodeTask, systemNamespace } from '../api/index.ts';
import type { Clock } from '../lib/index.ts';
import { createCache, keyText, type ObjectKey, type Store } from '../store/index.ts';
import type { RunJournal } from './journal-entries.ts';
import { createLeaseKeeper } from './lease-keeper.ts';
import { experiments, nodeTasks } from './resources.ts';
import { createRunReconciler } from './run-reconciler.ts';
import { createWorkQueue } from './work-queue.ts';

export type ControlOptions = {
  store: Store;
  instance: string;
  clock: Clock;
  random: () => number;
  /** See the run reconciler. */
  abandonedBefore?: number;
  journalOf: (run: { uid: string; namespace: string; name: string }) => RunJournal;
  onError: (key: string, error: unknown, retryInMs: number) => void;
};

/** Runs every reconciler until the signal fires. Resolves once the last reconcile has returned; what is held then runs out by its lease. */
export async function runControl(options: ControlOptions, signal: AbortSignal): Promise<void> {
  const { store, instance, clock, random, journalOf, abandonedBefore, onError } = options;
  const steadyStart = clock.now() - clock.monotonic();
  const leases = createLeaseKeeper(store, instance, clock, (name, error) => {
    onError(`lease ${name}`, error, 0);
  });
  const experimentCache = createCache(store, experiments, {}, clock, random, signal);
  const taskCache = createCache<NodeTask>(
    store,
    nodeTasks,
    { namespace: systemNamespace, labelSelector: nodeLabel },
    clock,
    random,
    signal,
  );
  const keys = new Map<string, ObjectKey>();
  const reconcileRun = createRunReconciler({
    store,
    experiments: experimentCache,
    tasks: taskCache,
    leases,
    instance,
    clock,
    steadyNow: () => steadyStart + clock.monotonic(),
    drawSeed: () => Math.floor(random() * 2 ** 48).toString(16),
    journalOf,
    ...(abandonedBefore === undefined ? {} : { abandonedBefore }),
  });
  const queue = createWorkQueue({
    reconcile: async (text) => await reconcileRun(keys.get(text) ?? { name: text }),
    workers: 4,
    clock,
    random,
    onError,
  });
  const enqueue = (key: ObjectKey): void => {
    keys.set(keyText(key), key);
    queue.add(keyText(key));
  };
  await Promise.all([experimentCache.synced, taskCache.synced]);
  experimentCache.onChange(enqueue);
  taskCache.onChange((_key, { object }) => {
    enqueue({ namespace: object.spec.run.namespace, name: object.spec.run.name });
  });
  for (const { metadata } of experimentCache.list()) enqueue({ namespace: metadata.namespace ?? 'default', name: metadata.name });
  for (const { spec } of taskCache.list()) enqueue({ namespace: spec.run.namespace, name: spec.run.name });
  await queue.run(signal);
  leases.stop();
}
