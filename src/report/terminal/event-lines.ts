import type { JournalRecord } from '../../api/index.ts';
import { describeAbort } from '../describe-abort.ts';
import { describeDose, describeObserved, describeTolerance } from '../describe.ts';
import { formatMs, formatPercent, formatStopwatch } from '../text.ts';
import { trafficChange } from '../traffic/change.ts';
import { trafficLine } from '../traffic/words.ts';
import type { LiveState } from './live-state.ts';
import { readingOf } from './readings.ts';
import { type Line, span } from './spans.ts';

/** How much a line matters: on a terminal that is redrawn, only what the block cannot show stays above it. */
export type EventLine = { line: Line; lasting: boolean };

/**
 * What one record is worth telling, as lines that stay. Samples are not: they come as a summary every few seconds.
 * @param targets what the live state knows of targets, for their names
 */
export function eventLines(record: JournalRecord, targets: LiveState['targets']): EventLine[] {
  const time = span(`${record.time.slice(11, 19)}  `, 'quiet');
  const passing = (...line: Line): EventLine[] => [{ line: [time, ...line], lasting: false }];
  const lasting = (...line: Line): EventLine[] => [{ line: [time, ...line], lasting: true }];
  switch (record.type) {
    case 'created':
      return passing(
        span('run ', 'quiet'),
        span(`${record.namespace}/${record.name}`, 'bold'),
        span(`  seed ${record.seed}`, 'quiet'),
      );
    case 'kernel':
      return lasting(
        span('kernel ', 'quiet'),
        span(`${record.kernel}, ${record.driver}${record.guest ? ', in a guest' : ''}: ${record.why}`),
      );
    case 'phase':
      return passing(
        span('phase ', 'quiet'),
        span(record.phase, 'bold'),
        span(record.endsAt === undefined ? '' : ` until ${record.endsAt.slice(11, 19)}`),
      );
    case 'phase-ended':
      return passing(span('phase ', 'quiet'), span(`${record.phase} ended: ${record.outcome}`));
    case 'preflight':
      if (record.ok) return passing(span('preflight ', 'quiet'), span(`all ${String(record.checks.length)} checks met`, 'good'));
      return record.checks
        .filter(({ ok }) => !ok)
        .flatMap(({ node, name, expected, found, remedy }) =>
          lasting(span('✗ preflight ', 'bad'), span(`${node}: ${name}: expected ${expected}, found ${found}; ${remedy}`)),
        );
    case 'targets':
      return passing(
        span('targets ', 'quiet'),
        span(record.targets.map(({ namespace, name }) => `${namespace}/${name}`).join(', ') || 'none'),
      );
    case 'target':
      return passing(
        span('target ', 'quiet'),
        span(
          `${targets[record.uid]?.name ?? record.uid} ${record.phase}${record.reason === undefined ? '' : `, ${record.reason}`}`,
        ),
      );
    case 'hypothesis': {
      const { name, phase, outcome, reason, tolerance } = record.result;
      const sign = { held: span('✓ ', 'good'), violated: span('✗ ', 'bad'), undecided: span('? ', 'doubt') }[outcome];
      const why = outcome === 'held' ? `${describeObserved(record.result)} (${describeTolerance(tolerance)})` : reason;
      return lasting(sign, span(`${name} ${phase}: ${outcome}`, 'bold'), span(`  ${why}`));
    }
    case 'dose':
      return passing(
        span('dose ', 'quiet'),
        span(`${record.dose.fault} on ${record.dose.target}: ${describeDose(record.dose)}`, record.dose.ok ? 'good' : 'bad'),
      );
    case 'exposure': {
      const { hypothesis, target, packets } = record.exposure;
      return passing(span('exposure ', 'quiet'), span(`${String(packets)} packets of ${hypothesis} met the fault on ${target}`));
    }
    case 'abort':
      return lasting(span('abort ', 'bad'), span(describeAbort(record.abort)));
    case 'traffic':
      return passing(span('traffic ', 'quiet'), span(`${record.monitor}: ${trafficLine(trafficChange(record.traffic))}`));
    case 'warning':
      return lasting(span('warning ', 'doubt'), span(record.message));
    case 'error':
      return lasting(span('error ', 'bad'), span(`${record.code}: ${record.message}`));
    case 'verdict':
      return passing(
        span(`${record.verdict} `, record.verdict === 'Passed' ? 'good' : 'bad'),
        span(`${record.reason}: ${record.message}; residue ${String(record.residue)}`),
      );
    case 'samples':
      return [];
  }
}

/** One line that says how things stand; undefined when nothing is being measured. */
export function summaryLine({ phase, hypotheses }: LiveState, now: number): Line | undefined {
  if (phase === undefined) return undefined;
  const left = phase.endsAt === undefined ? '' : `, ${formatStopwatch(phase.endsAt - now)} left`;
  const measured = hypotheses.flatMap(({ name, recent }) => {
    const { rttMs, p95Ms, lossPercent } = readingOf(recent);
    if (lossPercent === undefined) return [];
    const times = rttMs === undefined || p95Ms === undefined ? 'no answer' : `rtt ${formatMs(rttMs)} p95 ${formatMs(p95Ms)}`;
    return `${name} ${times} loss ${formatPercent(lossPercent)}`;
  });
  return [
    span(`${new Date(now).toISOString().slice(11, 19)}  `, 'quiet'),
    span(`${phase.name}${left}`),
    span(measured.map((text) => `  ${text}`).join(';')),
  ];
}
