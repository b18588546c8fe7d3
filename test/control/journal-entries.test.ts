import { describe, expect, it } from 'vitest';
import type { NodeTask, TargetStatus } from '../../src/api/index.ts';
import { entriesOfTargets } from '../../src/control/journal-entries.ts';
import type { ExpectedTasks } from '../../src/control/plan-run.ts';

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
