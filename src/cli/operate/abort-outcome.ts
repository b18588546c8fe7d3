import type { Report } from '../../api/index.ts';
import type { ExperimentStatus } from '../../control/index.ts';

export type AbortOutcome = { text: string; undoProven: boolean };

/**
 * What an abort has come to, in one line.
 * @param report absent when the run left no journal that can be read
 */
export function describeAbort(run: string, status: ExperimentStatus | undefined, report: Report | undefined): AbortOutcome {
  const undoProven = isUndoProven(status);
  const verdict = `${run}: ${status?.verdict ?? 'no verdict'} (${status?.reason ?? 'unknown'})`;
  const clean = describeClean(status, report);
  const proof = undoProven ? `residue 0` : `residue ${String(status?.residue ?? 'unknown')}: the undo is not proven`;
  return { text: `${verdict}; ${clean}; ${proof}`, undoProven };
}

function isUndoProven(status: ExperimentStatus | undefined): boolean {
  return status?.residue === 0 && status.conditions.some(({ type, status: met }) => type === 'CleanedUp' && met === 'True');
}

function describeClean(status: ExperimentStatus | undefined, report: Report | undefined): string {
  if (status?.run.touched === false) return 'nothing had been touched';
  const instants = (report?.targets ?? []).flatMap(({ cleanAt }) => cleanAt ?? []).sort();
  const [first, last] = [instants[0], instants.at(-1)];
  if (first === undefined || last === undefined) return 'when the targets were clean is not recorded';
  return `first target clean ${first}, last ${last}`;
}
