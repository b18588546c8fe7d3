import { describe, expect, it } from 'vitest';
import type { NodeTask, TargetPhase } from '../../../src/api/index.ts';
import type { ExperimentObject } from '../../../src/control/index.ts';
import { describeHalted, progressOf } from '../../../src/cli/operate/halt-progress.ts';
import { describeResumed } from '../../../src/cli/operate/resumed-text.ts';

/** Of a status, this is all that is looked at. */
function run(name: string, phase: string, dirty: boolean): ExperimentObject {
  const status = {
    run: { phase, dirty },
    faultTasks: [{ name: `${name}-fault` }],
    residue: dirty ? 1 : 0,
    verdict: 'Aborted',
    reason: 'Halted',
    conditions: [{ type: 'CleanedUp', status: dirty ? 'False' : 'True' }],
  } as unknown as ExperimentObject['status'];
  return {
    apiVersion: 'v1',
    kind: 'NetworkExperiment',
    metadata: { name, namespace: 'shop' },
    spec: {},
    ...(status ? { status } : {}),
  };
}

function task(name: string, phase: TargetPhase, residue = 0): NodeTask {
  return {
    metadata: { name: `${name}-fault` },
    spec: { work: 'fault', run: { namespace: 'shop', name } },
    status: { residue, targets: [{ phase }] },
  } as unknown as NodeTask;
}

describe('what a halt has come to', () => {
  it.each<[string, ExperimentObject[], NodeTask[] | undefined, string[], string[]]>([
    ['nothing runs', [run('a', 'done', false)], [], [], []],
    ['a fault is in', [run('a', 'during', true)], [task('a', 'Active')], ['shop/a'], []],
    ['its agent has undone it though nobody ordered that', [run('a', 'during', true)], [task('a', 'Clean')], [], ['shop/a']],
    ['something of it is left', [run('a', 'during', true)], [task('a', 'Clean', 2)], ['shop/a'], []],
    ['its task is missing', [run('a', 'during', true)], [], ['shop/a'], []],
    ['tasks may not be read', [run('a', 'during', true)], undefined, ['shop/a'], []],
    ['nothing was touched yet', [run('a', 'before', false)], undefined, [], ['shop/a']],
    ['a run is gone whose fault is not', [], [task('gone', 'Undoing')], ['shop/gone'], []],
  ])('is told when %s', (_when, experiments, tasks, hurting, unjudged) => {
    expect(progressOf({ experiments, ...(tasks ? { tasks } : {}) })).toEqual({ hurting, unjudged });
  });

  it('is one line for each run', () => {
    const nothing = { hurting: [], unjudged: [] };
    expect(describeHalted('shop/a', run('a', 'done', false), nothing)).toBe('shop/a: Aborted (Halted); residue 0');
    expect(describeHalted('shop/a', run('a', 'during', true), nothing)).toMatch(/its verdict comes when somebody controls runs/);
    expect(describeHalted('shop/a', undefined, nothing)).toBe('shop/a: was deleted; nothing of it is left');
    expect(describeHalted('shop/a', undefined, { ...nothing, hurting: ['shop/a'] })).toBe('shop/a: the undo is not proven');
  });
});

it('tells which schedules run next once nothing is halted, the earliest first', () => {
  const schedule = (name: string, nextScheduleTime?: string) =>
    ({ metadata: { name, namespace: 'shop' }, status: { nextScheduleTime } }) as unknown as Parameters<
      typeof describeResumed
    >[0][number];
  const text = describeResumed([schedule('b', '2026-06-02T00:00:00Z'), schedule('held'), schedule('a', '2026-06-01T00:00:00Z')]);
  expect(text.split('\n').slice(1)).toEqual([
    'shop/a runs next at 2026-06-01T00:00:00Z',
    'shop/b runs next at 2026-06-02T00:00:00Z',
    '',
  ]);
});
