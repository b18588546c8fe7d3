/** What a halt has come to, decided from stored objects: nothing is asked here. */
import type { NodeTask } from '../../api/index.ts';
import { type ExperimentObject, isTaskClean } from '../../control/index.ts';
import { isUndoProven } from './abort-outcome.ts';

export type HaltFacts = {
  experiments: readonly ExperimentObject[];
  /** Absent: whoever asks may not read them, and what runs say must do. */
  tasks?: readonly NodeTask[];
};

export type HaltProgress = {
  /** Runs, as namespace/name, of which a fault may be in a kernel. */
  hurting: string[];
  /** Other runs that have no verdict yet: whoever controls runs has to see to that. */
  unjudged: string[];
};

export function progressOf({ experiments, tasks }: HaltFacts): HaltProgress {
  const unclean = (tasks ?? []).filter((task) => task.spec.work === 'fault' && !isTaskClean(task));
  const active = experiments.filter(({ status }) => status?.run.phase !== 'done');
  const hurting = active.filter((run) => run.status?.run.dirty === true && !isUndoneByAgents(run, tasks));
  const names = [...hurting.map(nameOf), ...unclean.map(({ spec: { run } }) => `${run.namespace}/${run.name}`)];
  const distinct = [...new Set(names)].sort();
  return { hurting: distinct, unjudged: active.map(nameOf).filter((name) => !distinct.includes(name)) };
}

/** Where nobody controls runs any more, the agents' own word is the proof. */
function isUndoneByAgents({ status }: ExperimentObject, tasks: readonly NodeTask[] | undefined): boolean {
  const planned = status?.faultTasks ?? [];
  return planned.every(({ name }) => tasks?.some((task) => task.metadata.name === name && isTaskClean(task)) === true);
}

export function nameOf({ metadata: { namespace = 'default', name } }: ExperimentObject): string {
  return `${namespace}/${name}`;
}

/**
 * One line for each run that was active when the halt came.
 * @param now the same run as it is by now; absent: it was deleted
 */
export function describeHalted(name: string, now: ExperimentObject | undefined, { hurting }: HaltProgress): string {
  if (hurting.includes(name)) return `${name}: the undo is not proven`;
  if (now === undefined) return `${name}: was deleted; nothing of it is left`;
  const { status } = now;
  if (status?.run.phase !== 'done') return `${name}: nothing of it is left; its verdict comes when somebody controls runs again`;
  const proof = isUndoProven(status) ? 'residue 0' : `residue ${String(status.residue)}: the undo is not proven`;
  return `${name}: ${status.verdict ?? 'no verdict'} (${status.reason ?? 'unknown'}); ${proof}`;
}
