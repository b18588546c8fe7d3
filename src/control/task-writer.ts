import { type NodeTask, type NodeTaskSpec, systemNamespace } from '../api/index.ts';
import type { Effects, Plan, RunState } from '../experiment/index.ts';
import { codeOf, formatInstant } from '../lib/index.ts';
import type { Store, Stored } from '../store/index.ts';
import type { ExpectedTasks } from './plan-run.ts';
import { taskObject, type TaskPlan } from './task-plan.ts';
import { nodeTasks } from './resources.ts';

/** An agent that ends a fault by itself at its end must not do so before the control process had its chance to order it. */
const graceMs = 2000;

/**
 * Makes the run's NodeTasks what the effects ask for: creates what is missing, changes the order of what is there. A fault's task
 * is also created when it is only to be undone, since nothing but the agent's answer proves that there is nothing to undo.
 */
export async function applyTasks(
  store: Store,
  expected: ExpectedTasks,
  effects: Effects,
  state: RunState,
  plan: Plan,
  tasks: ReadonlyMap<string, Stored<NodeTask>>,
): Promise<void> {
  const endsAt = state.windows.during ? formatInstant(state.windows.during.from + plan.durationMs + graceMs) : undefined;
  await ensure(store, effects.preflight === 'run' ? expected.preflight : [], tasks, (spec) => spec);
  await ensure(store, effects.probes === 'run' ? expected.probe : [], tasks, (spec) => spec);
  if (effects.fault === 'none') return;
  const order = effects.fault;
  await ensure(store, expected.fault, tasks, (spec) => ({
    ...spec,
    order,
    ...(endsAt === undefined ? {} : { notAfter: endsAt }),
  }));
}

export async function deleteTasks(store: Store, tasks: readonly Stored<NodeTask>[]): Promise<void> {
  for (const { metadata } of tasks) {
    await store
      .delete(nodeTasks, { namespace: systemNamespace, name: metadata.name }, { uid: metadata.uid })
      .catch((error: unknown) => {
        if (codeOf(error) !== 'NotFound' && codeOf(error) !== 'Conflict') throw error;
      });
  }
}

async function ensure(
  store: Store,
  expected: readonly TaskPlan[],
  tasks: ReadonlyMap<string, Stored<NodeTask>>,
  change: (spec: NodeTaskSpec) => NodeTaskSpec,
): Promise<void> {
  for (const { name, spec } of expected) {
    const task = tasks.get(name);
    if (!task) {
      await create(store, { name, spec: change(spec) });
      continue;
    }
    const wanted = change(spec);
    // An order to undo is final: a task never goes back to `apply`.
    if (task.spec.order === 'undo' || (task.spec.order === wanted.order && task.spec.notAfter === wanted.notAfter)) continue;
    const generation = task.spec.generation + 1;
    await store.update(nodeTasks, {
      ...task,
      spec: { ...task.spec, order: wanted.order, notAfter: wanted.notAfter, generation },
    });
  }
}

async function create(store: Store, plan: TaskPlan): Promise<void> {
  await store.create(nodeTasks, taskObject(plan)).catch((error: unknown) => {
    // The cache lags behind a creation of ours; the next look finds it.
    if (codeOf(error) !== 'AlreadyExists') throw error;
  });
}
