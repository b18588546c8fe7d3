import type { DoseRecord, HypothesisRecord, Report, Verdict } from '../api/index.ts';
import { describeAbort } from './describe-abort.ts';
import {
  describeCleanUp,
  describeDose,
  describeObservation,
  describeObserved,
  describeTolerance,
  describeVerdict,
} from './describe.ts';
import type { Evidence, PreflightEvidence } from './evidence.ts';

/** `failure` is an expectation that did not hold; `error` is a question that could not be answered; `skipped` was never asked. */
export type CaseResult =
  | { kind: 'passed' }
  | { kind: 'failure' | 'error'; type: string; message: string; detail: string }
  | { kind: 'skipped'; message: string };

export type TestCase = { group: string; name: string; milliseconds: number; result: CaseResult };

/**
 * One case per question that a run answers. The last is the verdict itself, so a run whose exit code is not 0 is never green
 * in CI, and one that passed is red only where a case is.
 */
export function testCases({ report, preflight }: Evidence): TestCase[] {
  return [
    { group: 'preflight', name: 'preflight', milliseconds: report.timings.preflight, result: judgePreflight(preflight) },
    ...report.hypothesis.map((record) => ({
      group: 'hypothesis',
      name: `${record.name} ${record.phase}`,
      milliseconds: phaseTime(report, record.phase),
      result: judgeHypothesis(record),
    })),
    ...report.dose.map((dose) => ({
      group: 'dose',
      name: `${dose.fault} on ${dose.target}`,
      milliseconds: phaseTime(report, 'during'),
      result: judgeDose(dose),
    })),
    { group: 'clean-up', name: 'nothing is left behind', milliseconds: report.timings.undo, result: judgeCleanUp(report) },
    { group: 'verdict', name: 'verdict', milliseconds: 0, result: judgeVerdict(report) },
  ];
}

function judgePreflight(preflight: PreflightEvidence | undefined): CaseResult {
  if (preflight === undefined) return { kind: 'skipped', message: 'the run ended before preflight' };
  if (preflight.ok) return { kind: 'passed' };
  const failed = preflight.checks.filter(({ ok }) => !ok);
  const lines = failed.map(
    ({ node, name, expected, found, remedy }) => `${node}: ${name}: expected ${expected}, found ${found}; ${remedy}`,
  );
  return { kind: 'error', type: 'Refused', message: lines[0] ?? 'preflight refused the run', detail: lines.join('\n') };
}

function judgeHypothesis(record: HypothesisRecord): CaseResult {
  if (record.outcome === 'held') return { kind: 'passed' };
  if (record.outcome === 'undecided') return { kind: 'skipped', message: `undecided: ${record.reason}` };
  return {
    kind: 'failure',
    type: 'ToleranceExceeded',
    message: `observed ${describeObserved(record)}; tolerance ${describeTolerance(record.tolerance)}`,
    detail: [record.reason, ...record.observed.map(describeObservation)].join('\n'),
  };
}

function judgeDose(dose: DoseRecord): CaseResult {
  if (dose.ok) return { kind: 'passed' };
  return {
    kind: 'error',
    type: 'NoDose',
    message: describeDose(dose),
    detail: 'the fault could not be shown to have acted as asked',
  };
}

function judgeCleanUp(report: Report): CaseResult {
  const open = report.targets.filter(({ activeAt, undoneAt }) => activeAt !== undefined && undoneAt === undefined);
  if (report.residue === 0 && open.length === 0) return { kind: 'passed' };
  const lines = open.map(({ namespace, name }) => `${namespace}/${name} is not shown to be undone`);
  return { kind: 'error', type: 'CleanUpIncomplete', message: describeCleanUp(report), detail: lines.join('\n') };
}

const verdictResults: Record<Exclude<Verdict, 'Passed'>, 'failure' | 'error'> = {
  Failed: 'failure',
  Inconclusive: 'error',
  Aborted: 'error',
  Refused: 'error',
  Errored: 'error',
};

function judgeVerdict(report: Report): CaseResult {
  const { verdict, reason, message } = report;
  if (verdict === 'Passed') return { kind: 'passed' };
  return {
    kind: verdictResults[verdict],
    type: `${verdict}.${reason}`,
    message: `${verdict} (${reason}): ${message}`,
    detail: [describeVerdict(report), ...(report.abort === null ? [] : [describeAbort(report.abort)])].join('\n'),
  };
}

function phaseTime({ phases }: Report, name: string): number {
  return phases
    .filter((phase) => phase.name === name)
    .reduce((sum, { startedAt, endedAt }) => sum + Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)), 0);
}
