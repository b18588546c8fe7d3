import type { Report } from '../../api/index.ts';
import type { ExperimentStatus } from '../../control/index.ts';

export type AbortOutcome = { text: string; undoProven: boolean };

/**
 * What an abort has come to, in one line.
 * @param status absent when the run has been deleted since
 * @param report absent when the run left no journal that can be read
 */
export function describeAbort(run: string, status: ExperimentStatus | undefined, report: Report | undefined): AbortOutcome {
  const { verdict: ending, reason, residue } = status ?? report ?? {};
  const undoProven = status === undefined ? isProvenBy(report) : isUndoProven(status);
  const verdict = `${run}: ${ending ?? 'no verdict'} (${reason ?? 'unknown'})`;
  const clean = describeClean(status, report);
  const proof = undoProven ? `residue 0` : `residue ${String(residue ?? 'unknown')}: the undo is not proven`;
  return { text: `${verdict}; ${clean}; ${proof}`, undoProven };
}

/** Of a run that has been deleted since. */
function isProvenBy(report: Report | undefined): boolean {
  return report?.residue === 0 && !['CleanUpIncomplete', 'Unfinished'].includes(report.reason);
}

export function isUndoProven(status: ExperimentStatus | undefined): boolean {
  return status?.residue === 0 && status.conditions.some(({ type, status: met }) => type === 'CleanedUp' && met === 'True');
}

function describeClean(status: ExperimentStatus | undefined, report: Report | undefined): string {
  if (status?.run.touched === false) return 'nothing had been touched';
  const instants = (report?.targets ?? []).flatMap(({ cleanAt }) => cleanAt ?? []).sort();
  const [first, last] = [instants[0], instants.at(-1)];
  if (first === undefined || last === undefined) return 'when the targets were clean is not recorded';
  return `first target clean ${first}, last ${last}`;
}
