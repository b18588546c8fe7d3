import type { ConnectivityObservation, NodeTask, Phase, ProbeStream, SecondAggregate } from '../api/index.ts';
import type { Suffix, Window } from '../experiment/index.ts';
import { observe } from '../probes/index.ts';

/** Every second that the probes of one run have reported: stream id → second → aggregate. Grows by one entry a stream and second. */
export type Measurements = Map<string, Map<number, SecondAggregate>>;

/** Takes over what the tasks' statuses show; statuses hold only the newest seconds, so this must be called at least every 20 s. */
export function collect(
  measurements: Measurements,
  tasks: readonly NodeTask[],
  /** By stream: seconds before this one are counted already. */
  measuredUpTo: ReadonlyMap<string, number> = new Map(),
): void {
  for (const { status } of tasks) {
    for (const [stream, aggregates] of Object.entries(status?.aggregates ?? {})) {
      const seconds = measurements.get(stream) ?? new Map<number, SecondAggregate>();
      measurements.set(stream, seconds);
      const first = measuredUpTo.get(stream) ?? 0;
      for (const aggregate of aggregates) if (aggregate.second >= first) seconds.set(aggregate.second, aggregate);
    }
  }
}

/** By hypothesis: what its streams show in the whole seconds that lie inside the window. */
export function observeWindow(
  measurements: Measurements,
  streams: readonly ProbeStream[],
  { from, to = Infinity }: Window,
): Record<string, ConnectivityObservation[]> {
  const observed: Record<string, ConnectivityObservation[]> = {};
  for (const { id, hypothesis } of streams) {
    const inside = [...(measurements.get(id)?.values() ?? [])].filter(
      ({ second }) => second * 1000 >= from && (second + 1) * 1000 <= to,
    );
    (observed[hypothesis] ??= []).push(observe(id, inside));
  }
  return observed;
}

/** By hypothesis: the window seen from each of its whole seconds on; see `assessRecovery`. */
export function suffixesOf(
  measurements: Measurements,
  streams: readonly ProbeStream[],
  window: Window,
): Record<string, Suffix[]> {
  const suffixes: Record<string, Suffix[]> = {};
  const to = window.to ?? window.from;
  for (let from = Math.ceil(window.from / 1000) * 1000; from + 1000 <= to; from += 1000) {
    for (const [hypothesis, observed] of Object.entries(observeWindow(measurements, streams, { from, to }))) {
      (suffixes[hypothesis] ??= []).push({ from, observed });
    }
  }
  return suffixes;
}

/** By hypothesis: the newest seconds that every one of its streams has reported, oldest first, at most `most` and none before `since`. */
export function recentSeconds(
  measurements: Measurements,
  streams: readonly ProbeStream[],
  since: number,
  most: number,
): Record<string, ConnectivityObservation[][]> {
  const recent: Record<string, ConnectivityObservation[][]> = {};
  for (const [hypothesis, ofHypothesis] of Map.groupBy(streams, (stream) => stream.hypothesis)) {
    const newest = Math.min(...ofHypothesis.map(({ id }) => Math.max(-1, ...(measurements.get(id)?.keys() ?? []))));
    const first = Math.max(newest - most + 1, Math.ceil(since / 1000));
    recent[hypothesis] = Array.from({ length: Math.max(0, newest - first + 1) }, (_, index) => {
      const from = (first + index) * 1000;
      return observeWindow(measurements, ofHypothesis, { from, to: from + 1000 })[hypothesis] ?? [];
    });
  }
  return recent;
}

/** As long as a node takes to report a second of probes that were all answered or timed out, on top of their time-out. */
const reportedAfterMs = 2500;

/**
 * Of these windows, those whose first seconds a stream's measurements do not reach back to: statuses hold only the newest seconds, and
 * what was collected of them is gone with the process that had collected it.
 */
export function unmeasuredPhases(
  measurements: Measurements,
  streams: readonly ProbeStream[],
  windows: Partial<Record<Phase, Window>>,
  measuredUpTo: ReadonlyMap<string, number>,
  now: number,
): Phase[] {
  return (['before', 'during', 'after'] as const).filter((phase) => {
    const window = windows[phase];
    if (!window) return false;
    return streams.some(({ id, periodMs, timeoutMs }) => {
      const needed = Math.max(Math.ceil(window.from / 1000), measuredUpTo.get(id) ?? 0);
      if (window.to !== undefined && (needed + 1) * 1000 > window.to) return false;
      const oldest = Math.min(...[...(measurements.get(id)?.keys() ?? [])].filter((second) => second >= needed)) * 1000;
      // A stream of a long period reports nothing of some seconds, and one that has just begun nothing at all.
      const slack = Math.max(1000, periodMs);
      const from = needed * 1000;
      return Number.isFinite(oldest) ? oldest >= from + slack : now > from + slack + timeoutMs + reportedAfterMs;
    });
  });
}
