import { haltMessage, scheduleLabel, type TickRecord } from '../api/index.ts';
import type { Clock } from '../lib/index.ts';
import {
  type Cache,
  createCache,
  keyOf,
  keyText,
  type ObjectKey,
  type Store,
  type Stored,
  type WatchTrouble,
} from '../store/index.ts';
import type { RunJournal } from './journal-entries.ts';
import { createLeaseKeeper } from './lease-keeper.ts';
import { createNodeTaskCache } from './node-task-cache.ts';
import { experiments, halts, schedules } from './resources.ts';
import { createRunReconciler } from './run-reconciler.ts';
import type { ExperimentObject } from './run-status.ts';
import type { PlaceRules } from './plan-or-refuse.ts';
import { createScheduleReconciler } from './schedule-reconciler.ts';
import { runValidators } from './validators/run-validators.ts';
import type { NodeOutcomeChange } from './validators/reconciler.ts';
import { isArmedBy, watchSignals } from './signals/watch-signals.ts';
import { createWorkQueue } from './work-queue.ts';

export type ControlOptions = {
  store: Store;
  instance: string;
  clock: Clock;
  random: () => number;
  /** See `MemoryOptions`. */
  abandoned?: ReadonlySet<string>;
  takeover?: 'abort' | 'continue';
  rules?: PlaceRules;
  /** See `RunReconcilerOptions`. */
  onDone?: (run: Stored<ExperimentObject>) => Promise<void>;
  onForgotten?: (uid: string) => void;
  recordsKernels?: boolean;
  journalOf: (run: { uid: string; namespace: string; name: string }) => RunJournal;
  onError: (key: string, error: unknown, retryInMs: number) => void;
  /** Told each time that what is watched cannot be; until it can, decisions rest on what was seen before. */
  onWatchTrouble?: WatchTrouble;
  /** Calls the listener about every second, until what it returned is called. @default none: schedules are left alone */
  heartbeat?: (listener: () => void) => () => void;
  /** True while nothing is to begin: ticks stay due, and new runs wait. @default never */
  isHeld?: () => boolean;
  /** Called once for every tick of a schedule, after its outcome is in the store. */
  onTick?: (record: TickRecord) => void;
  /** Called once a validator's status says of a node what it did not say before. */
  onNodeOutcome?: (change: NodeOutcomeChange) => void;
  /** Called after every renewal of a run's Lease; `late`: more than two thirds of its length after the one before. */
  onLeaseRenewal?: (result: 'done' | 'late' | 'failed') => void;
};

/** Runs every reconciler until the signal fires. Resolves once the last reconcile has returned; what is held then runs out by its lease. */
export async function runControl(options: ControlOptions, signal: AbortSignal): Promise<void> {
  const { store, clock, random, onError, onWatchTrouble: trouble } = options;
  const steadyStart = clock.now() - clock.monotonic();
  const onLeaseError = (name: string, error: unknown): void => {
    onError(`lease ${name}`, error, 0);
  };
  const leases = createLeaseKeeper(store, options.instance, clock, onLeaseError, options.onLeaseRenewal);
  const experimentCache = createCache(store, experiments, { trouble }, clock, random, signal);
  const taskCache = createNodeTaskCache(store, clock, random, signal, trouble);
  const haltCache = createCache(store, halts, { trouble }, clock, random, signal);
  const signals = watchSignals(store, clock, random, trouble, signal);
  const haltedBy = (): string | undefined => haltMessage(haltCache.list());
  const reconcileRun = createRunReconciler({
    ...options,
    haltedBy,
    experiments: experimentCache,
    tasks: taskCache,
    leases,
    signals,
    steadyNow: () => steadyStart + clock.monotonic(),
    drawSeed: () => Math.floor(random() * 2 ** 48).toString(16),
  });
  const queue = createWorkQueue({
    reconcile: async (text) => await reconcileRun(keyFromText(text)),
    workers: 4,
    random,
    onError,
  });
  const enqueue = (key: ObjectKey): void => {
    queue.add(keyText(key));
  };
  // Whether everything is halted is known before anything is begun.
  await Promise.all([experimentCache.synced, taskCache.synced, haltCache.synced]);
  experimentCache.onChange(enqueue);
  taskCache.onChange((_key, { object }) => {
    enqueue({ namespace: object.spec.run.namespace, name: object.spec.run.name });
  });
  haltCache.onChange(() => {
    for (const run of experimentCache.list()) if (run.status?.run.phase !== 'done') enqueue(keyOf(run));
  });
  signals.onChange((monitor) => {
    for (const run of experimentCache.list()) {
      if (run.status?.run.phase !== 'done' && isArmedBy(run, monitor)) enqueue(keyOf(run));
    }
  });
  const runs = [...experimentCache.list()].sort((one, other) => urgency(one) - urgency(other));
  for (const { metadata } of runs) enqueue({ namespace: metadata.namespace ?? 'default', name: metadata.name });
  for (const { spec } of taskCache.list()) enqueue({ namespace: spec.run.namespace, name: spec.run.name });
  try {
    await Promise.all([
      queue.run(signal),
      runSchedules({ ...options, haltedBy }, experimentCache, signal),
      runValidators(options, signal),
    ]);
  } finally {
    leases.stop();
  }
}

/** Whoever takes over first holds the faults that are in kernels; their leases go on meanwhile. What is over can wait. */
function urgency({ status }: ExperimentObject): number {
  if (status === undefined) return 1;
  return status.run.dirty ? 0 : status.run.phase === 'done' ? 2 : 1;
}

/** Schedules are looked at when they or their runs change, and at every heartbeat. */
async function runSchedules(
  options: ControlOptions & { haltedBy: () => string | undefined },
  runs: Cache<ExperimentObject>,
  signal: AbortSignal,
): Promise<void> {
  const { store, clock, random, onError, heartbeat, haltedBy, isHeld = () => false, onTick = () => undefined } = options;
  if (!heartbeat) return;
  const cache = createCache(store, schedules, { trouble: options.onWatchTrouble }, clock, random, signal);
  const reconcile = createScheduleReconciler({
    store,
    schedules: cache,
    experiments: runs,
    clock,
    isHeld,
    haltedBy,
    onTick,
  });
  const queue = createWorkQueue({
    reconcile: async (text) => await reconcile(keyFromText(text)),
    workers: 2,
    random,
    onError,
  });
  const enqueue = (key: ObjectKey): void => {
    queue.add(keyText(key));
  };
  const enqueueAll = (): void => {
    for (const schedule of cache.list()) enqueue(keyOf(schedule));
  };
  await cache.synced;
  cache.onChange(enqueue);
  runs.onChange(({ namespace }, { object }) => {
    const name = object.metadata.labels?.[scheduleLabel];
    if (name !== undefined && namespace !== undefined) enqueue({ namespace, name });
  });
  enqueueAll();
  const endHeartbeat = heartbeat(enqueueAll);
  await queue.run(signal);
  endHeartbeat();
}

/** The reverse of keyText, for namespaced kinds. */
function keyFromText(text: string): ObjectKey {
  const slash = text.indexOf('/');
  return { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}
