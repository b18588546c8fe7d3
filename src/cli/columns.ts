/** Rows as lines of a table: every column as wide as its longest cell. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>((most, row) => {
    row.forEach((cell, index) => {
      most[index] = Math.max(cell.length, most[index] ?? 0);
    });
    return most;
  }, []);
  return rows.map((row) => `  ${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ')}`.trimEnd());
}
