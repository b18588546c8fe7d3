/** What a campaign of kills comes to. Pure. */
import { killPhases, victims } from './kill-plan.ts';
import type { KillRecord } from './record.ts';

/** The contract: nothing is left 2 s after the agent's next start. A machine that others keep busy exceeds it, so it is counted and not failed. */
const sweptWithinMs = 2000;

export type Summary = {
  seed: number;
  asked: number;
  played: number;
  failed: number;
  tookMs: number;
  /** Kills by victim and by the phase that they met. */
  counts: Record<string, Record<string, number>>;
  verdicts: Record<string, number>;
  /** Kills before which the watcher saw the fault. */
  faultSeen: number;
  /** Kills after which the sweep took longer than the contract says. */
  sweptLate: number;
  worst: { lastHurtMs: Record<string, Worst>; sweptMs: Worst; answeredMs: Worst; tookMs: Worst };
};

export type Worst = { count: number; median?: number; worst?: number; kill?: number };

export function summarise(records: readonly KillRecord[], facts: { seed: number; asked: number; tookMs: number }): Summary {
  const counts = Object.fromEntries(
    victims.map((victim) => [
      victim,
      countBy(
        records.filter((record) => record.victim === victim),
        ({ met }) => met,
      ),
    ]),
  );
  // A pod's process is nobody's lease, and a run that was not yet in the kernel may go on: neither says how fast a kill is survived.
  const cut = records.filter(({ met }) => ['inject', 'during', 'undo', 'after'].includes(met));
  const lastHurtMs = Object.fromEntries(
    victims
      .filter((victim) => !['target', 'namespace'].includes(victim))
      .map((victim) => [
        victim,
        worstOf(
          cut.filter((record) => record.victim === victim),
          ({ lastHurtMs: value }) => value,
        ),
      ]),
  );
  return {
    ...facts,
    played: records.length,
    failed: records.filter(({ problems }) => problems.length > 0).length,
    counts,
    verdicts: countBy(records, ({ verdict, reason }) => `${verdict ?? 'none'} (${reason ?? ''})`),
    faultSeen: records.filter(({ faultSeen }) => faultSeen).length,
    sweptLate: records.filter(({ sweptMs = 0 }) => sweptMs > sweptWithinMs).length,
    worst: {
      lastHurtMs,
      sweptMs: worstOf(records, ({ sweptMs }) => sweptMs),
      answeredMs: worstOf(records, ({ answeredMs }) => answeredMs),
      tookMs: worstOf(records, ({ tookMs }) => tookMs),
    },
  };
}

export function formatSummary({
  seed,
  asked,
  played,
  failed,
  tookMs,
  counts,
  verdicts,
  faultSeen,
  sweptLate,
  worst,
}: Summary): string {
  const phases = ['none', ...killPhases, 'done'];
  const rows = victims.map((victim) => [victim, ...phases.map((phase) => String(counts[victim]?.[phase] ?? 0))]);
  const limits: [string, Worst][] = [
    ...Object.entries(worst.lastHurtMs).map(([victim, value]): [string, Worst] => [
      `last hurt packet after a kill of ${victim}`,
      value,
    ]),
    ["agent's start to nothing left", worst.sweptMs],
    ['serve started to its server answers', worst.answeredMs],
    ['a round', worst.tookMs],
  ];
  return [
    `${played} of ${asked} kills played in ${(tookMs / 60_000).toFixed(1)} minutes, ${failed} failed; seed ${seed}; the fault was seen before ${faultSeen} kills.`,
    `${sweptLate} sweeps took longer than ${sweptWithinMs} ms from the agent's start.`,
    '',
    'Kills by victim and by the phase that they met:',
    '',
    ...table(['victim', ...phases], rows),
    '',
    'Times:',
    '',
    ...table(
      ['what', 'measured', 'median', 'worst', 'kill'],
      limits.map(([what, { count, median, worst: most, kill }]) => [
        what,
        `${count}`,
        milliseconds(median),
        milliseconds(most),
        `${kill ?? '-'}`,
      ]),
    ),
    '',
    'Verdicts:',
    '',
    ...table(
      ['verdict', 'runs'],
      Object.entries(verdicts).map(([verdict, count]) => [verdict, String(count)]),
    ),
  ].join('\n');
}

function worstOf(records: readonly KillRecord[], valueOf: (record: KillRecord) => number | undefined): Worst {
  const values = records
    .flatMap((record) => {
      const value = valueOf(record);
      return value === undefined ? [] : [{ value, kill: record.number }];
    })
    .sort((a, b) => a.value - b.value);
  const last = values.at(-1);
  return { count: values.length, median: values[Math.floor(values.length / 2)]?.value, worst: last?.value, kill: last?.kill };
}

function countBy(records: readonly KillRecord[], keyOf: (record: KillRecord) => string): Record<string, number> {
  const groups = Object.entries(Object.groupBy(records, keyOf)).map(([key, group]) => [key, group?.length ?? 0] as const);
  return Object.fromEntries(groups.sort(([a], [b]) => a.localeCompare(b)));
}

/** A Markdown table, which reads well in a terminal, too. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((name, column) => Math.max(3, name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '-' : `${value} ms`;
}
