import { describe, expect, it } from 'vitest';
import type { NodeTask } from '../../src/api/index.ts';
import { type ExpectedTasks, type PlannedRun, planRun } from '../../src/control/plan-run.ts';
import { mustReplan, takeOver } from '../../src/control/take-over.ts';
import { taskObject } from '../../src/control/task-plan.ts';
import { initialState, type RunState } from '../../src/experiment/index.ts';
import { pod, request, world } from './world.ts';

function plan(inWorld = world, at = 0): PlannedRun {
  const planned = planRun(request(), inWorld, at);
  if (planned.kind !== 'planned') throw new Error(planned.message);
  return planned;
}

const before = plan();
const status = { targets: before.targets, faultTasks: before.tasks.fault };
const stored = (tasks: ExpectedTasks): NodeTask[] => [...tasks.preflight, ...tasks.probe].map(taskObject);

describe('mustReplan', () => {
  const windows = { before: { from: 0 } };
  it.each<[string, Partial<RunState>, boolean]>([
    ['while its nodes are checked', { phase: 'preflight' }, true],
    ['until its probes have run', { phase: 'before' }, true],
    ['not once its probes have run', { phase: 'before', windows }, false],
    ['not once a fault may be in', { phase: 'inject', touched: true, windows }, false],
    ['not when it is over', { phase: 'done' }, false],
  ])('of a run: %s', (_what, changes, expected) => {
    expect(mustReplan(before.plan, { ...initialState(0), ...changes })).toBe(expected);
  });

  it('needs no probes of a run that probes nothing', () => {
    expect(mustReplan({ ...before.plan, hypothesis: [] }, { ...initialState(0), phase: 'before' })).toBe(false);
  });
});

describe('taking over a run that is planned again', () => {
  it('goes on when everything is as it was, at another time', () => {
    const again = plan(world, 60_000);
    expect(takeOver(before.plan, status, stored(before.tasks), again)).toEqual({ kind: 'continued', tasks: again.tasks });
  });

  it('goes on when not every task was written yet', () => {
    expect(takeOver(before.plan, status, [], plan()).kind).toBe('continued');
  });

  it('goes on when a task was ordered to end meanwhile', () => {
    const ordered = stored(before.tasks).map((task) => ({
      ...task,
      spec: { ...task.spec, order: 'undo' as const, generation: 2 },
    }));
    expect(takeOver(before.plan, status, ordered, plan()).kind).toBe('continued');
  });

  it.each<[string, PlannedRun]>([
    ['another target', plan({ ...world, pods: [...world.pods, pod('payments-9', 19, { app: 'payments' })] })],
    ['a target that is gone', plan({ ...world, pods: world.pods.filter(({ metadata }) => metadata.name !== 'payments-1') })],
    ['another address of its source', plan({ ...world, pods: [pod('checkout', 7), ...world.pods.slice(1)] })],
  ])('is cut off by %s', (_what, again) => {
    expect(takeOver(before.plan, status, stored(before.tasks), again).kind).toBe('cut');
  });

  it('is cut off by a task that would not be written now', () => {
    const [first] = stored(before.tasks);
    if (!first) throw new Error('no task');
    const other = { ...first, metadata: { ...first.metadata, name: 'other' } };
    expect(takeOver(before.plan, status, [other], plan()).kind).toBe('cut');
  });

  it('is cut off with the reason why it can no longer be planned', () => {
    const refusal = { kind: 'refused' as const, reason: 'NoTarget', message: 'no running pod' };
    expect(takeOver(before.plan, status, [], refusal)).toMatchObject({
      kind: 'cut',
      message: expect.stringMatching(/no running pod/) as string,
    });
  });
});

describe('taking over a run whose tasks are in the store', () => {
  it('goes on with them and with the fault of its status, whatever the world has become', () => {
    expect(takeOver(before.plan, status, stored(before.tasks))).toEqual({
      kind: 'continued',
      tasks: { ...before.tasks, fault: status.faultTasks },
    });
  });

  it('is cut off when what probes a hypothesis is gone', () => {
    const left = stored({ ...before.tasks, probe: [] });
    expect(takeOver(before.plan, status, left)).toMatchObject({
      kind: 'cut',
      message: expect.stringMatching(/probes 'reaches' is gone/) as string,
    });
  });
});
