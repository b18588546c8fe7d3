import { isDeepStrictEqual } from 'node:util';
import type { NodeTask } from '../api/index.ts';
import type { Plan, RunState } from '../experiment/index.ts';
import type { ExpectedTasks, PlannedRun } from './plan-run.ts';
import type { Refusal } from './refuse-unsafe.ts';
import type { ExperimentStatus } from './run-status.ts';
import type { TaskPlan } from './task-plan.ts';

/** What another control process can go on with, or why it cannot. */
export type TakeOver = { kind: 'continued'; tasks: ExpectedTasks } | { kind: 'cut'; message: string };

/**
 * Whether a run must be planned again to be gone on with. Its fault's tasks are in its status; those that check and probe are only in
 * the store, and all of them are there once every probe was seen to run.
 */
export function mustReplan({ hypothesis }: Plan, { phase, touched, windows }: RunState): boolean {
  if (touched || phase === 'done') return false;
  const probesRan = hypothesis.length === 0 || Object.keys(windows).length > 0;
  return phase === 'pending' || phase === 'preflight' || !probesRan;
}

/**
 * What is to be done for a run that another process began: what that process had planned, to the letter, or nothing. Pure.
 * @param stored every task of the run that is in the store
 * @param planned the run planned again, where `mustReplan` asks for it
 */
export function takeOver(
  plan: Plan,
  status: Pick<ExperimentStatus, 'targets' | 'faultTasks'>,
  stored: readonly NodeTask[],
  planned?: PlannedRun | Refusal | { kind: 'failed'; message: string },
): TakeOver {
  if (!planned) return fromStore(plan, status, stored);
  if (planned.kind !== 'planned') return { kind: 'cut', message: `it can no longer be planned: ${planned.message}` };
  const { targets, tasks } = planned;
  const byName = new Map([...tasks.preflight, ...tasks.probe, ...tasks.fault].map((task) => [task.name, task]));
  const isSame =
    isDeepStrictEqual(targets, status.targets) &&
    isDeepStrictEqual(tasks.fault.map(essenceOf), status.faultTasks.map(essenceOf)) &&
    stored.map(asPlan).every((task) => {
      const again = byName.get(task.name);
      return again !== undefined && isDeepStrictEqual(essenceOf(again), essenceOf(task));
    });
  return isSame ? { kind: 'continued', tasks } : { kind: 'cut', message: 'what it would do now is not what was planned' };
}

function fromStore(plan: Plan, { faultTasks }: Pick<ExperimentStatus, 'faultTasks'>, stored: readonly NodeTask[]): TakeOver {
  const ofWork = (work: string): TaskPlan[] => stored.filter(({ spec }) => spec.work === work).map(asPlan);
  const probe = ofWork('probe');
  // All streams of a hypothesis start at one pod, so they are in one task.
  const probed = new Set(probe.flatMap(({ spec }) => spec.probe?.streams.map(({ hypothesis }) => hypothesis) ?? []));
  const unprobed = plan.hypothesis.find(({ name }) => !probed.has(name));
  if (unprobed) return { kind: 'cut', message: `the task that probes '${unprobed.name}' is gone` };
  return { kind: 'continued', tasks: { preflight: ofWork('preflight'), probe, fault: faultTasks } };
}

function asPlan({ metadata, spec }: NodeTask): TaskPlan {
  return { name: metadata.name, spec };
}

/** What does not change while a task lives, as JSON has it. */
function essenceOf({ name, spec }: TaskPlan): unknown {
  return JSON.parse(JSON.stringify({ name, spec: { ...spec, order: 'apply', generation: 1, notAfter: '' } }));
}
