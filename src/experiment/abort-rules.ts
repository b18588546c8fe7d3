import { assess } from './assess.ts';
import type { Facts, Plan, RunState } from './state.ts';
import type { Ending } from './verdict.ts';

/** The first abort rule on a hypothesis that fires: its tolerance was violated in every complete second for the time given. */
export function abortByHypothesis(plan: Plan, state: RunState, { recent }: Facts): Ending | undefined {
  for (const rule of plan.abort) {
    if (rule.kind !== 'hypothesis') continue;
    const entry = plan.hypothesis.find(({ name }) => name === rule.hypothesis);
    const needed = Math.max(1, Math.ceil(rule.forMs / 1000));
    const newest = (recent[rule.hypothesis] ?? []).slice(-needed);
    if (!entry || newest.length < needed) continue;
    const records = newest.map((observed) =>
      assess(entry.name, 'during', observed, state.baseline[entry.name] ?? [], entry.tolerances.during),
    );
    if (records.every(({ outcome }) => outcome === 'violated')) {
      const message = `${entry.name} was violated for ${String(needed)} s: ${records.at(-1)?.reason ?? ''}`;
      return { kind: 'aborted', reason: 'HypothesisFailing', message };
    }
  }
  return undefined;
}
