import type { AbortRule } from '../../api/index.ts';
import type { SignalFact } from '../../experiment/index.ts';
import type { Clock } from '../../lib/index.ts';
import { createCache, keyText, type ObjectKey, type Store, type Stored, type WatchTrouble } from '../../store/index.ts';
import { type MonitorObject, monitors } from '../resources.ts';
import type { ExperimentObject } from '../run-status.ts';
import { createHeartbeats } from './heartbeats.ts';
import { type ArmedRun, signalFacts } from './signal-facts.ts';

export type Signals = {
  /** What the monitors say of each rule that names one, now. */
  of(rules: readonly AbortRule[], run: ArmedRun): SignalFact[];
  /** The monitors of a namespace, as they were seen last. */
  monitorsIn(namespace: string): Stored<MonitorObject>[];
  /** Calls the listener with each monitor that has changed. */
  onChange(listener: (monitor: ObjectKey) => void): void;
};

/**
 * Follows every NetworkMonitor until the signal fires. Runs that are armed by none need not wait for the first list: where monitors may not be
 * read, only those that are do not begin.
 */
export function watchSignals(
  store: Store,
  clock: Clock,
  random: () => number,
  trouble: WatchTrouble | undefined,
  signal: AbortSignal,
): Signals {
  const heartbeats = createHeartbeats(clock);
  const listeners: ((monitor: ObjectKey) => void)[] = [];
  let isComplete = false;
  const cache = createCache(store, monitors, { trouble }, clock, random, signal);
  cache.onChange((key, { type, object }) => {
    if (type === 'deleted') heartbeats.forget(object);
    else heartbeats.see(object);
    for (const listener of listeners) listener(key);
  });
  void cache.synced.then(
    () => {
      isComplete = true;
    },
    // It was stopped before: nobody asks any more.
    () => undefined,
  );
  return {
    of: (rules, run) =>
      signalFacts(rules, run, {
        monitorOf: (name) => cache.get({ namespace: run.namespace, name }),
        livenessOf: (monitor) => heartbeats.of(monitor),
        isComplete,
      }),
    monitorsIn: (namespace) => cache.list().filter(({ metadata }) => metadata.namespace === namespace),
    onChange: (listener) => {
      listeners.push(listener);
    },
  };
}

/** Whether a change of the monitor may concern the run; what cannot be read does not name it. */
export function isArmedBy({ metadata, spec }: ExperimentObject, monitor: ObjectKey): boolean {
  const { abort } = (spec ?? {}) as { abort?: unknown };
  if (!Array.isArray(abort)) return false;
  const namespace = metadata.namespace ?? 'default';
  return (abort as ({ monitor?: { ref?: unknown } | null } | null)[]).some((rule) => {
    const ref = rule?.monitor?.ref;
    return typeof ref === 'string' && keyText({ namespace, name: ref }) === keyText(monitor);
  });
}
