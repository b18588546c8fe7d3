/** Every fault, direction, family and peer filter, measured one after the other on one target. */
import { table } from '../torture/summary.ts';
import { measureCase, tableCases, type TableRow } from '../../test/kernel/fault-table.ts';
import { assertSame, createPair, snapshot } from '../../test/kernel/namespaces.ts';
import { formatValue } from '../../src/report/text.ts';
import type { CampaignOptions, CampaignResult } from './result.ts';

export async function faultTable({ say }: CampaignOptions): Promise<CampaignResult> {
  const pair = await createPair();
  const rows: TableRow[] = [];
  const problems: string[] = [];
  try {
    const untouched = await snapshot(pair.target);
    for (const [index, one] of tableCases.entries()) {
      try {
        const found = await measureCase(pair, one);
        rows.push(...found.rows);
        problems.push(...found.left);
        assertSame(await snapshot(pair.target), untouched);
      } catch (error) {
        problems.push(`${JSON.stringify(one)}: ${String(error)}`);
        await pair.driver.sweep();
      }
      if (index % 10 === 9) say(`${String(index + 1)} of ${String(tableCases.length)} cases`);
    }
  } finally {
    await pair.dispose();
  }
  problems.push(...rows.flatMap(problemsOf));
  const text = [
    `${String(rows.length)} combinations, ${String(problems.length)} problems. Intervals are those of 95 %: of the median (order statistics), or of a share (Wilson).`,
    '',
    ...table(
      ['fault', 'direction', 'family', 'peers', 'asked for', 'measured', '95 % interval'],
      rows.map(({ fault, direction, family, filter, unit, requested, measured, low, high }) => [
        ...[fault, direction, family, filter, formatValue(requested, unit), formatValue(measured, unit)],
        unit === 'bit/s' ? '-' : `${formatValue(low, unit)} to ${formatValue(high, unit)}`,
      ]),
    ),
  ].join('\n');
  return { problems, text, data: { rows } };
}

function problemsOf({ fault, direction, family, filter, requested, measured, unit, ok, spared }: TableRow): string[] {
  const name = `${fault} on ${direction}, ${family}, ${filter}`;
  return [
    ...(ok ? [] : [`${name}: asked for ${formatValue(requested, unit)}, measured ${formatValue(measured, unit)}`]),
    ...spared.map((text) => `${name}: hurt others: ${text}`),
  ];
}
