/** The few figures that kernel tests judge by. */

export const answered = (times: readonly (number | undefined)[]): number[] => times.filter((time) => time !== undefined);
export const lost = (times: readonly (number | undefined)[]): number => times.length - answered(times).length;

export function quantile(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/**
 * How far a count of independent events may lie from what is expected: four standard deviations and a half, which
 * chance exceeds about once in 150,000 tests.
 */
export function plausible(events: number, trials: number, chance: number): { low: number; high: number; ok: boolean } {
  const expected = trials * chance;
  const spread = 4.5 * Math.sqrt(trials * chance * (1 - chance));
  const [low, high] = [expected - spread, expected + spread];
  return { low, high, ok: events >= low && events <= high };
}
