/** Figures of several rounds as one, and figures as tables. Pure. */

/** The middle of some values, and the least and the greatest. */
export type Spread = { median: number; least: number; greatest: number };

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  return { median: (low + high) / 2, least: sorted[0] ?? Number.NaN, greatest: sorted.at(-1) ?? Number.NaN };
}

export const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The mean of the middle half: as steady as a median, and finer than the steps of what was measured. */
export function middleMeanOf(values: readonly number[]): number {
  const quarter = Math.floor(values.length / 4);
  return meanOf(values.toSorted((a, b) => a - b).slice(quarter, values.length - quarter));
}

/** Round by round, so that what slows a whole round down is in both. */
export const ratiosOf = (values: readonly number[], bases: readonly number[]): Spread =>
  spreadOf(values.map((value, index) => value / (bases[index] ?? Number.NaN)));

/** `1.02 (0.97 to 1.08)` */
export const spreadText = ({ median, least, greatest }: Spread, digits: number): string =>
  `${median.toFixed(digits)} (${least.toFixed(digits)} to ${greatest.toFixed(digits)})`;

/** Lines of a table; the first `texts` columns are aligned to the left, numbers to the right. */
export function tableLines(rows: readonly (readonly string[])[], texts: number): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string => {
    const width = widths[column] ?? 0;
    return column < texts ? cell.padEnd(width) : cell.padStart(width);
  };
  return rows.map((row) => row.map(pad).join('  ').trimEnd());
}

/** The items from `by` on, and then those before. */
export const rotated = <Item>(items: readonly Item[], by: number): Item[] => {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
};
