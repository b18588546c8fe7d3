import type { ProbeStream, SecondAggregate } from '../api/index.ts';
import type { Window } from '../experiment/index.ts';
import { mergeAggregates } from '../probes/index.ts';
import type { Measurements } from './measurements.ts';

/** What was measured of one window so far: by stream, the sum of all its seconds before `upTo` (seconds since 1970). */
export type Checkpoint = Record<string, { upTo: number; sum: SecondAggregate }>;

/** By stream: seconds before this one are in a sum already, and must not be counted again. */
export type MeasuredUpTo = Map<string, number>;

/** Beyond so much JSON a status keeps none: a takeover then says what it does not know. */
const mostCharacters = 256 * 1024;

/** Sums up a window for whoever may have to go on with it; undefined when nothing was measured, or it would be too large. */
export function checkpointOf(
  measurements: Measurements,
  measuredUpTo: ReadonlyMap<string, number>,
  streams: readonly ProbeStream[],
  { from, to = Infinity }: Window,
): Checkpoint | undefined {
  const first = Math.ceil(from / 1000);
  const entries = streams.flatMap(({ id }) => {
    const inside = [...(measurements.get(id)?.values() ?? [])].filter(
      ({ second }) => second >= first && (second + 1) * 1000 <= to,
    );
    if (inside.length === 0) return [];
    // A restored sum stands at the window's first second, and goes further than that says.
    const upTo = Math.max(measuredUpTo.get(id) ?? 0, ...inside.map(({ second }) => second + 1));
    return [[id, { upTo, sum: { second: first, ...mergeAggregates(inside) } }] as const];
  });
  const checkpoint = Object.fromEntries(entries);
  return entries.length === 0 || JSON.stringify(checkpoint).length > mostCharacters ? undefined : checkpoint;
}

/** Puts each sum where its window's first second is: the window as a whole then shows the same. */
export function restore(measurements: Measurements, measuredUpTo: MeasuredUpTo, checkpoint: Checkpoint): void {
  for (const [id, { upTo, sum }] of Object.entries(checkpoint)) {
    measurements.set(id, new Map([[sum.second, sum]]));
    measuredUpTo.set(id, upTo);
  }
}
