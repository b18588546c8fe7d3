import pc from 'picocolors';
import { phases, type Report, type Verdict } from '../../api/index.ts';
import { describeAbortTimes, describeSignal } from '../describe-abort.ts';
import { describeCleanUp, describeDose, describeObserved, describeVerdict } from '../describe.ts';
import { formatSpan } from '../text.ts';
import { describeTraffic } from '../traffic/words.ts';
import { fitLine, type Line, paint, span, type Style } from './spans.ts';

export type SummaryOptions = {
  /** The folder that the files were written to; absent when none were. */
  folder?: string;
  /** @default what NO_COLOR, FORCE_COLOR and the terminal say */
  color?: boolean;
};

const verdictStyles: Record<Verdict, Style> = {
  Passed: 'good',
  Failed: 'bad',
  Inconclusive: 'doubt',
  Aborted: 'doubt',
  Refused: 'doubt',
  Errored: 'bad',
};

/** The verdict in words, as the last thing that a run prints. */
export function renderSummary(report: Report, { folder, color = pc.isColorSupported }: SummaryOptions = {}): string {
  return summaryLines(report, folder)
    .map((line) => `${paint(fitLine(line, Number.POSITIVE_INFINITY), color)}\n`)
    .join('');
}

export function summaryLines(report: Report, folder: string | undefined): Line[] {
  const { verdict, reason, message, experiment, startedAt, endedAt } = report;
  const took = formatSpan(Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)));
  const labelled = (label: string, ...line: Line): Line => [span(`  ${label.padEnd(12)}`, 'quiet'), ...line];
  return [
    [],
    [
      span(verdict, verdictStyles[verdict]),
      span(`  ${describeVerdict(report)}`, 'bold'),
      span(`  ${experiment.namespace}/${experiment.name}, ${took}`, 'quiet'),
    ],
    labelled('reason', span(`${reason}: ${message}`)),
    ...report.dose.map((dose) =>
      labelled(
        'dose',
        span(dose.ok ? '✓ ' : '✗ ', dose.ok ? 'good' : 'bad'),
        span(`${dose.fault} on ${dose.target}: ${describeDose(dose)}`),
      ),
    ),
    ...hypothesisLines(report).map(({ label, line }) => labelled(label, ...line)),
    ...abortLines(report).map(({ label, text }) => labelled(label, span(text))),
    ...trafficLines(report).map(({ label, line }) => labelled(label, ...line)),
    labelled('clean-up', span(describeCleanUp(report), report.residue === 0 ? 'plain' : 'bad')),
    ...report.warnings.slice(0, 10).map((warning) => labelled('warning', span(warning, 'doubt'))),
    ...(report.warnings.length > 10
      ? [labelled('warning', span(`${String(report.warnings.length - 10)} more in the report`, 'doubt'))]
      : []),
    ...(folder === undefined ? [] : [labelled('files', span(`${folder}/report.html, report.json, junit.xml, journal.jsonl`))]),
  ];
}

/** What a monitor said, and when all of it was; the cause where the run's reason is another. */
function abortLines({ abort, reason, message }: Report): { label: string; text: string }[] {
  if (abort === null) return [];
  const line = (terms: readonly (readonly [string, string])[]): string =>
    terms.map(([term, what]) => `${term.toLowerCase()} ${what}`).join('; ');
  const lines = [
    ...(abort.cause === `${reason}: ${message}` ? [] : [abort.cause]),
    ...(abort.signal === undefined ? [] : [line(describeSignal(abort.signal))]),
    line(describeAbortTimes(abort)),
  ];
  return lines.map((text, index) => ({ label: index === 0 ? 'abort' : '', text }));
}

/** For each hypothesis one line, and one more for each phase in which it did not hold. */
function hypothesisLines({ hypothesis }: Report): { label: string; line: Line }[] {
  const names = [...new Set(hypothesis.map(({ name }) => name))];
  const signs = { held: span('✓', 'good'), violated: span('✗', 'bad'), undecided: span('?', 'doubt') };
  return names.flatMap((name) => {
    const own = hypothesis.filter((record) => record.name === name);
    const byPhase = phases.flatMap((phase): Line => {
      const record = own.find((candidate) => candidate.phase === phase);
      return record ? [span(`  ${phase} `), signs[record.outcome], span(` ${describeObserved(record)}`, 'quiet')] : [];
    });
    const reasons = own
      .filter(({ outcome }) => outcome !== 'held')
      .map(({ phase, reason }) => ({ label: '', line: [span(`${phase}: ${reason}`, 'bold')] }));
    return [{ label: 'hypothesis', line: [span(name, 'bold'), ...byPhase] }, ...reasons];
  });
}

/** For each monitor that observed its name, and what it saw of the targets, of others, and of amplification. */
function trafficLines({ traffic }: Report): { label: string; line: Line }[] {
  return (traffic ?? []).flatMap(({ monitor, change }) => [
    { label: 'traffic', line: [span(monitor, 'bold')] },
    ...describeTraffic(change).map(({ about, text }) => ({ label: '', line: [span(`${about} `, 'quiet'), span(text)] })),
  ]);
}
