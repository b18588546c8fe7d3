import type { ExperimentSchedule, Verdict } from '../api/index.ts';

export type FinishedRun = { name: string; tick: number; verdict: Verdict };

/** The runs to be deleted, oldest first: passed ones beyond their limit, and all others beyond theirs. */
export function runsToTrim(
  runs: readonly FinishedRun[],
  { successfulHistory, failedHistory }: Pick<ExperimentSchedule, 'successfulHistory' | 'failedHistory'>,
): string[] {
  const newestFirst = [...runs].sort((a, b) => b.tick - a.tick);
  const passed = newestFirst.filter(({ verdict }) => verdict === 'Passed');
  const others = newestFirst.filter(({ verdict }) => verdict !== 'Passed');
  return [...passed.slice(successfulHistory), ...others.slice(failedHistory)]
    .sort((a, b) => a.tick - b.tick)
    .map(({ name }) => name);
}
