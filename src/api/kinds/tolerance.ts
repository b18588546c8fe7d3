/** Tolerances: limits on what a test measures, as people write them and in base units. */
import * as z from 'zod';
import { parseDuration, parsePercent } from '../../lib/index.ts';
import { object } from '../fields.ts';
import { type Bound, connectivityMetrics, performanceMetrics, type Tolerance } from '../model.ts';
import { nearestName } from '../nearest-name.ts';
import type { Path } from '../problems.ts';
import { parseRate, parseSignedPercent } from '../units.ts';

const amountExpected = 'expected a number, or a text with a unit';
const amount = z.union([z.number(), z.string()], { error: amountExpected });
const boundExpected = 'expected a limit such as 1, 1%, 250ms, {atMost: 250ms} or {overBaseline: 250ms}';
const bound = z.union([z.number(), z.string(), object({ atMost: amount.optional(), overBaseline: amount.optional() })], {
  error: boundExpected,
});
export type WrittenTolerance = Record<string, z.output<typeof bound>>;

/** Metric → limit. A bare amount is short for `{atMost: amount}`. */
export const toleranceRecord = z.record(z.string(), bound, { error: 'expected limits as metric: limit' });

export const metricsOf = {
  connectivity: connectivityMetrics,
  performance: performanceMetrics,
  query: ['value'],
} as const satisfies Record<string, readonly string[]>;
export type TestKind = keyof typeof metricsOf;

/** What holds when a connectivity hypothesis names no tolerance: every probe is answered. The other tests have no such default. */
export const defaultTolerance: Tolerance = { lossPercent: { atMost: 0 } };

export type Unit = 'points' | 'milliseconds' | 'rate' | 'number';

export function unitOf(metric: string): Unit {
  if (metric === 'lossPercent') return 'points';
  if (metric.startsWith('rtt') || metric === 'jitter') return 'milliseconds';
  return metric === 'bitrate' ? 'rate' : 'number';
}

const expectedAmount: Record<Unit, string> = {
  points: 'a percentage from 0 to 100, such as 1 or 1%',
  milliseconds: 'a duration with a unit, such as 250ms',
  rate: 'a rate with a unit, such as 10mbit',
  number: 'a number that is not negative',
};

/** An amount in the metric's own unit; undefined when it is none. */
function parseAmount(unit: Unit, written: number | string): number | undefined {
  switch (unit) {
    case 'points':
      if (typeof written === 'string') return parsePercent(written.endsWith('%') ? written : `${written}%`);
      return written >= 0 && written <= 100 ? written : undefined;
    case 'milliseconds':
      return typeof written === 'string' ? parseDuration(written) : undefined;
    case 'rate':
      return typeof written === 'string' ? parseRate(written) : undefined;
    case 'number':
      return typeof written === 'number' && written >= 0 ? written : undefined;
  }
}

type Refusal = { path: Path; message: string };

/** The tolerance in base units, and everything that is wrong with it. */
export function readTolerance(kind: TestKind, written: WrittenTolerance): { tolerance: Tolerance; refusals: Refusal[] } {
  const metrics: readonly string[] = metricsOf[kind];
  const refusals: Refusal[] = [];
  const read: Record<string, Bound> = {};
  for (const [metric, limit] of Object.entries(written)) {
    if (!metrics.includes(metric)) {
      const near = nearestName(metric, metrics);
      const hint = near === undefined ? '' : `; did you mean ${near}?`;
      refusals.push({ path: [metric], message: `expected a metric of a ${kind} test: ${metrics.join(', ')}${hint}` });
      continue;
    }
    const result = readBound(unitOf(metric), limit);
    read[metric] = result.bound;
    refusals.push(...result.refusals.map(({ path, message }) => ({ path: [metric, ...path], message })));
  }
  return { tolerance: read, refusals };
}

function readBound(unit: Unit, written: z.output<typeof bound>): { bound: Bound; refusals: Refusal[] } {
  const isBare = typeof written !== 'object';
  const { atMost, overBaseline } = isBare ? { atMost: written, overBaseline: undefined } : written;
  const read: Bound = {};
  const refusals: Refusal[] = [];
  if (atMost === undefined && overBaseline === undefined) refusals.push({ path: [], message: boundExpected });
  if (atMost !== undefined) {
    read.atMost = parseAmount(unit, atMost);
    if (read.atMost === undefined) refusals.push({ path: isBare ? [] : ['atMost'], message: `expected ${expectedAmount[unit]}` });
  }
  if (overBaseline !== undefined) {
    read.overBaseline = parseAmount(unit, overBaseline);
    // Of a loss, 5% are points; of anything else, a share of what was measured before.
    if (unit !== 'points' && typeof overBaseline === 'string') read.overBaselinePercent = parseSignedPercent(overBaseline);
    if (read.overBaseline === undefined && read.overBaselinePercent === undefined) {
      const share = unit === 'points' ? '' : ', or a percentage of the value before, such as 20%';
      refusals.push({ path: ['overBaseline'], message: `expected ${expectedAmount[unit]}${share}` });
    }
  }
  return { bound: withoutUndefined(read), refusals };
}

function withoutUndefined(written: Bound): Bound {
  return Object.fromEntries(Object.entries(written).filter(([, value]) => typeof value === 'number'));
}

export function usesBaseline(one: Tolerance): boolean {
  return Object.values(one).some((limit) => limit?.overBaseline !== undefined || limit?.overBaselinePercent !== undefined);
}
