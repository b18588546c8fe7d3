import type { TimedSample } from '../evidence.ts';

/** The probes that fall into one column of a chart. The three values are absent when none of them was answered. */
export type Column = {
  /** The middle of the probes' sending times, milliseconds since 1970. */
  at: number;
  sent: number;
  lost: number;
  least?: number;
  mean?: number;
  greatest?: number;
};

/**
 * Thins samples to at most `count` columns of equal width between two instants, without losing an extreme or a loss: each
 * column keeps its least and greatest RTT and its number of lost probes. Empty columns are left out.
 * @param samples oldest first; those outside the span are left out
 */
export function columnsOf(samples: readonly TimedSample[], from: number, to: number, count: number): Column[] {
  const width = Math.max(1, to - from) / count;
  const columns: Column[] = [];
  let members: TimedSample[] = [];
  let index = -1;
  const close = (): void => {
    if (members.length > 0) columns.push(summarise(members));
    members = [];
  };
  for (const sample of samples) {
    const [sentAt] = sample;
    if (sentAt < from || sentAt > to) continue;
    const own = Math.min(count - 1, Math.floor((sentAt - from) / width));
    if (own !== index) close();
    index = own;
    members.push(sample);
  }
  close();
  return columns;
}

/** Runs of neighbouring columns that a line may join: it breaks where nothing was answered and where nothing was sent for long. */
export function answeredRuns(columns: readonly Column[]): Column[][] {
  const steps = columns.slice(1).map(({ at }, index) => at - (columns[index]?.at ?? at));
  const usual = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  const runs: Column[][] = [];
  let run: Column[] = [];
  let previous: Column | undefined;
  for (const column of columns) {
    const paused = previous !== undefined && column.at - previous.at > Math.max(5 * usual, 1000);
    if ((paused || column.mean === undefined) && run.length > 0) {
      runs.push(run);
      run = [];
    }
    if (column.mean !== undefined) run.push(column);
    previous = column;
  }
  if (run.length > 0) runs.push(run);
  return runs;
}

function summarise(members: readonly TimedSample[]): Column {
  const times = members.map(([sentAt]) => sentAt);
  const answered = members.flatMap(([, rtt]) => (rtt === null ? [] : [rtt]));
  const at = ((times[0] ?? 0) + (times.at(-1) ?? 0)) / 2;
  const counts = { at, sent: members.length, lost: members.length - answered.length };
  if (answered.length === 0) return counts;
  // No spread into Math.min: a column of a long run may hold more values than a call takes arguments.
  return {
    ...counts,
    least: answered.reduce((a, b) => Math.min(a, b)),
    mean: answered.reduce((a, b) => a + b) / answered.length,
    greatest: answered.reduce((a, b) => Math.max(a, b)),
  };
}
