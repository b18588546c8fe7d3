import type { Bound, ConnectivityObservation, DoseRecord, HypothesisRecord, Report, Tolerance, Verdict } from '../api/index.ts';
import { metricOf } from './limits.ts';
import { formatMs, formatPercent, formatSpan, formatValue, plural } from './text.ts';

const headlines: Record<Verdict, string> = {
  Passed: 'The steady state survived the fault.',
  Failed: 'The steady state did not survive the fault.',
  Inconclusive: 'This run decides nothing either way.',
  Aborted: 'The run was stopped before its end.',
  Refused: 'The run was refused before anything was touched.',
  Errored: 'Squall could not do its work.',
};

/** The verdict as a sentence for somebody who sees only that. */
export function describeVerdict({ verdict, reason, dose, targets }: Report): string {
  if (reason === 'CleanUpIncomplete') return 'The clean-up could not be proven to be complete.';
  if (reason === 'Unfinished') return 'The record of this run stops before its end.';
  if (verdict === 'Passed' && dose.length === 0 && targets.length === 0) return 'The steady state held.';
  return headlines[verdict];
}

/** `delay 200ms`, or what there is: the faults that a dose was measured for. */
export function describeFaults({ dose }: Report): string {
  return [...new Set(dose.map(({ fault }) => fault))].join(', ');
}

const metricNames: Record<string, string> = {
  lossPercent: 'loss',
  rttMin: 'RTT min',
  rttMean: 'RTT mean',
  rttP50: 'RTT p50',
  rttP95: 'RTT p95',
  rttP99: 'RTT p99',
  rttMax: 'RTT max',
  jitter: 'jitter',
};

export function describeMetric(metric: string): string {
  return metricNames[metric] ?? metric;
}

/** A metric's value with its unit; every metric of connectivity but the loss is in milliseconds. */
export function describeMetricValue(metric: string, value: number | undefined): string {
  if (value === undefined) return 'not measured';
  return metric === 'lossPercent' ? formatPercent(value) : formatMs(value);
}

/** `loss ≤ 1 %, RTT p95 ≤ baseline + 250 ms`. */
export function describeTolerance(tolerance: Tolerance): string {
  return Object.entries(tolerance)
    .flatMap(([metric, bound]) => (bound === undefined ? [] : describeBound(metric, bound)))
    .join(', ');
}

function describeBound(metric: string, { atMost, overBaseline, overBaselinePercent }: Bound): string[] {
  const name = describeMetric(metric);
  const limits: string[] = [];
  if (atMost !== undefined) limits.push(`${name} ≤ ${describeMetricValue(metric, atMost)}`);
  if (overBaseline !== undefined) limits.push(`${name} ≤ baseline + ${describeMetricValue(metric, overBaseline)}`);
  if (overBaselinePercent !== undefined) {
    const sign = overBaselinePercent < 0 ? '−' : '+';
    limits.push(
      `${name} ${overBaselinePercent < 0 ? '≥' : '≤'} baseline ${sign} ${formatPercent(Math.abs(overBaselinePercent))}`,
    );
  }
  return limits;
}

/** The metrics that were judged, as the worst stream showed them: `loss 0 %, RTT p95 201.3 ms`. */
export function describeObserved({ observed, tolerance }: HypothesisRecord): string {
  const worst = observed[0];
  if (worst === undefined) return 'nothing was observed';
  const judged = Object.keys(tolerance);
  const metrics = judged.length === 0 ? ['lossPercent', 'rttP95'] : judged;
  return metrics.map((metric) => `${describeMetric(metric)} ${describeMetricValue(metric, metricOf(worst, metric))}`).join(', ');
}

export function describeObservation(observation: ConnectivityObservation): string {
  const { stream, sent, received, lossPercent, rttP50, rttP95 } = observation;
  const times = rttP50 === undefined ? '' : `, RTT p50 ${formatMs(rttP50)}, p95 ${describeMetricValue('rttP95', rttP95)}`;
  return `${stream}: ${String(received)} of ${String(sent)} answered, loss ${formatPercent(lossPercent)}${times}`;
}

/** `asked 200 ms, measured 200.3 ms (95 % interval 200.1 to 200.6 ms, 290 probes)`. */
export function describeDose({ requested, measured, samples, source }: DoseRecord): string {
  const interval = `${String(Number(measured.low.toFixed(3)))} to ${formatValue(measured.high, measured.unit)}`;
  const counted = plural(samples, source === 'probe' ? 'probe' : 'packet');
  return `asked ${formatValue(requested.value, requested.unit)}, measured ${formatValue(measured.value, measured.unit)} (95 % interval ${interval}, ${counted})`;
}

/** What shows that nothing was left behind, or what speaks against it. */
export function describeCleanUp({ residue, targets, timings, reason }: Report): string {
  const touched = targets.filter(({ activeAt }) => activeAt !== undefined);
  const open = touched.filter(({ undoneAt }) => undoneAt === undefined).length;
  if (reason === 'Unfinished') {
    return open === 0 ? 'residue was not counted before the record stopped' : `${plural(open, 'target')} not known to be undone`;
  }
  if (residue > 0) return `${plural(residue, 'thing')} of ours still in a kernel`;
  if (touched.length === 0) return 'residue 0, nothing was touched';
  if (open > 0) return `residue 0, but ${String(open)} of ${plural(touched.length, 'target')} not shown to be undone`;
  return `residue 0, ${plural(touched.length, 'target')} undone in ${formatSpan(timings.undo)}`;
}
