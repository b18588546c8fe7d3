import type { ConnectivityObservation, HypothesisRecord, Tolerance } from '../api/index.ts';
import { assess } from './assess.ts';

/** What was observed from some instant to the end of the phase. `from` in milliseconds since 1970. */
export type Suffix = { from: number; observed: readonly ConnectivityObservation[] };

/**
 * Judges `after` for an entry that may take time to recover: it holds when, from some instant no later than `recoverWithinMs`
 * after the undo was proven, the tolerance holds to the end of the phase.
 * @param suffixes the phase seen from each whole second on, earliest first; the first is the whole phase
 */
export function assessRecovery(
  name: string,
  suffixes: readonly Suffix[],
  baseline: readonly ConnectivityObservation[],
  tolerance: Tolerance,
  undoneAt: number,
  recoverWithinMs: number,
): HypothesisRecord {
  const inTime = suffixes.filter((suffix, index) => index === 0 || suffix.from <= undoneAt + recoverWithinMs);
  const records = inTime.map((suffix) => ({ suffix, record: assess(name, 'after', suffix.observed, baseline, tolerance) }));
  const held = records.find(({ record }) => record.outcome === 'held');
  if (held) {
    const seconds = Math.max(0, held.suffix.from - undoneAt) / 1000;
    return { ...held.record, reason: `recovered ${seconds.toFixed(1)} s after the undo` };
  }
  const last = records.at(-1)?.record ?? assess(name, 'after', [], baseline, tolerance);
  return last.outcome === 'violated'
    ? { ...last, reason: `not recovered within ${String(recoverWithinMs / 1000)} s: ${last.reason}` }
    : last;
}
