import type { AbortRecord, SignalRecord } from '../api/index.ts';
import { formatCount, formatInstantForPeople, formatPercent, formatSpan, plural, shorten } from './text.ts';

/** Key values of a flow may be as long as what came over the wire. */
const mostFlowCharacters = 200;

/** `812 frames/s`; without a unit the figure alone. */
export function describeRate(value: number, unit: string | undefined): string {
  const figure = Math.abs(value) >= 100 ? formatCount(value) : String(Number(value.toPrecision(3)));
  return unit === undefined ? figure : `${figure} ${unit}/s`;
}

/** What a monitor said, as terms and what they are; what it did not say is left out. */
export function describeSignal({ flow, value, unit, limit, ...signal }: SignalRecord): [string, string][] {
  const { monitor, threshold, state, agent, dataSource = '', samples, errorPercent, notification } = signal;
  const error = errorPercent === undefined ? '' : ` ± ${formatPercent(errorPercent)}`;
  const evidence = samples === undefined ? '' : `, by ${plural(samples, 'sample')}`;
  const terms: [string, string | undefined][] = [
    ['Monitor', `${monitor}, ${state}`],
    ['Flow', flow === undefined || flow === '' ? undefined : shorten(flow, mostFlowCharacters)],
    ['Value', value === undefined ? undefined : describeRate(value, unit) + error + evidence],
    ['Threshold', limit === undefined ? threshold : `${threshold}, ${describeRate(limit, unit)}`],
    ['Seen by', agent === undefined ? undefined : `agent ${agent}${dataSource === '' ? '' : ` at ${dataSource}`}`],
    ['Notification', notification],
  ];
  return terms.flatMap(([term, what]): [string, string][] => (what === undefined ? [] : [[term, what]]));
}

/** When it happened, and how long everything took after that. */
export function describeAbortTimes({ at, decidedAt, firstCleanAt, lastCleanAt }: AbortRecord): [string, string][] {
  const decided = spanBetween(at, decidedAt);
  const after = (instant: string | undefined): string =>
    instant === undefined
      ? 'not known'
      : `${formatInstantForPeople(instant)} (${spanBetween(decidedAt, instant)} after the decision)`;
  return [
    ['Happened', formatInstantForPeople(at)],
    ['Decided', `${formatInstantForPeople(decidedAt)}${at === decidedAt ? '' : ` (${decided} after it happened)`}`],
    ['First target clean', after(firstCleanAt)],
    ['Last target clean', after(lastCleanAt)],
  ];
}

/** All of it on one line. */
export function describeAbort(abort: AbortRecord): string {
  const terms = [...(abort.signal === undefined ? [] : describeSignal(abort.signal)), ...describeAbortTimes(abort)];
  return terms.map(([term, what]) => `${term.toLowerCase()} ${what}`).join('; ');
}

/** Two clocks may have told the instants, so the later may come first. */
function spanBetween(from: string, to: string): string {
  const milliseconds = Date.parse(to) - Date.parse(from);
  return `${milliseconds < 0 ? '−' : ''}${formatSpan(Math.abs(milliseconds))}`;
}
