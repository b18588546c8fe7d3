import type { HypothesisEntry, HypothesisRecord, Phase } from '../api/index.ts';
import { assess } from './assess.ts';
import { assessRecovery } from './recovery.ts';
import type { Facts, Plan, RunState } from './state.ts';
import type { Ending } from './verdict.ts';

/** Keeps what was observed before the fault as the baseline, and judges the entries that ask for it. */
export function baselineResults(plan: Plan, state: RunState, facts: Facts): RunState {
  const baseline = facts.observed.before ?? {};
  const results = plan.hypothesis
    .filter(({ phases }) => phases.includes('before'))
    .map(({ name, tolerances }) => assess(name, 'before', baseline[name] ?? [], [], tolerances.before))
    .map((record) => doubted(record, state));
  return { ...state, baseline, results };
}

/** The refusal of a run whose hypothesis did not hold before anything was touched. */
export function notSteady(results: readonly HypothesisRecord[]): Ending | undefined {
  const record = results.find(({ outcome }) => outcome !== 'held');
  return record && { kind: 'refused', reason: 'SteadyStateNotMet', message: `${record.name}: ${record.reason}` };
}

/** Judges the windows of `during` and `after`, as far as the run got. */
export function windowResults(plan: Plan, state: RunState, facts: Facts): RunState {
  const results = [...state.results];
  for (const entry of plan.hypothesis) {
    for (const phase of ['during', 'after'] as const) {
      if (entry.phases.includes(phase) && state.windows[phase])
        results.push(doubted(judgeWindow(entry, phase, state, facts), state));
    }
  }
  return { ...state, results };
}

function judgeWindow(entry: HypothesisEntry, phase: Phase, state: RunState, facts: Facts): HypothesisRecord {
  const baseline = state.baseline[entry.name] ?? [];
  const tolerance = entry.tolerances[phase];
  if (phase === 'after' && entry.recoverWithinMs !== undefined) {
    const undoneAt = state.windows.after?.from ?? state.since;
    return assessRecovery(entry.name, facts.suffixes[entry.name] ?? [], baseline, tolerance, undoneAt, entry.recoverWithinMs);
  }
  return assess(entry.name, phase, facts.observed[phase]?.[entry.name] ?? [], baseline, tolerance);
}

/** A violation that was seen stays one; that nothing else was violated cannot be said. */
function doubted(record: HypothesisRecord, { unmeasured = [] }: RunState): HypothesisRecord {
  if (record.outcome !== 'held' || !unmeasured.includes(record.phase)) return record;
  const reason = 'it held as far as it was seen, and some measurements were lost when another control process took over';
  return { ...record, outcome: 'undecided', reason };
}
