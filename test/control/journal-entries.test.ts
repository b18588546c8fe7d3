import { describe, expect, it } from 'vitest';
import type { CheckResult, NodeTask, TargetStatus } from '../../src/api/index.ts';
import { entriesOfStep, entriesOfTargets } from '../../src/control/journal-entries.ts';
import type { ExpectedTasks } from '../../src/control/plan-run.ts';
import type { Plan, RunState } from '../../src/experiment/index.ts';

const expected = { preflight: [], probe: [], fault: [{ name: 'task' }] } as unknown as ExpectedTasks;
const told = (seen: Map<string, string>, target: Partial<TargetStatus>) => {
  const status = { targets: [{ podUid: 'uid', phase: 'Active', since: '', ...target }] };
  return entriesOfTargets(seen, expected, new Map([['task', { status } as unknown as NodeTask]]));
};

describe('the journal of a target', () => {
  it('has each warning of a fault that goes on once, and the target no more than once', () => {
    const seen = new Map<string, string>();
    const active = { type: 'target', uid: 'uid', phase: 'Active' };
    expect(told(seen, {})).toEqual([active]);
    expect(told(seen, { warnings: ['a'] })).toEqual([{ type: 'warning', message: 'a' }]);
    expect(told(seen, { warnings: ['a'] })).toEqual([]);
    expect(told(seen, {})).toEqual([]);
    expect(told(seen, { warnings: ['a', 'b'] })).toEqual([{ type: 'warning', message: 'b' }]);
    expect(told(seen, { phase: 'Clean', warnings: ['a'] })).toEqual([{ type: 'target', uid: 'uid', phase: 'Clean' }]);
  });
});

it('what preflight warns of is in the journal once it is over, with the node and the check, and refuses nothing', () => {
  const result = {
    check: { check: 'conntrack', podUids: ['a'] },
    ok: true,
    expected: '',
    found: '',
    remedy: '',
  } satisfies CheckResult;
  const tasks = new Map([
    ['task', { status: { checks: [{ ...result, warning: 'ConntrackNearlyFull: 9' }, result] } } as unknown as NodeTask],
  ]);
  const preflight = { preflight: [{ name: 'task', spec: { node: 'one' } }], probe: [], fault: [] } as unknown as ExpectedTasks;
  const before = { phase: 'before', phases: [], results: [] } as unknown as RunState;
  const over = { name: 'preflight', outcome: 'ok', startedAt: '', endedAt: '' };
  const entries = entriesOfStep({} as Plan, before, { ...before, phases: [over] } as RunState, preflight, tasks);
  expect(entries.map(({ type }) => type)).toEqual(['preflight', 'warning', 'phase-ended']);
  expect(entries[0]).toMatchObject({ ok: true });
  expect(entries[1]).toEqual({ type: 'warning', message: 'one: conntrack: ConntrackNearlyFull: 9' });
});
