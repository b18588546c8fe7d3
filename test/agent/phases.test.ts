import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type TargetPhase, targetPhases, type TargetStatus } from '../../src/api/index.ts';
import { advance, afterRestart, isOver } from '../../src/agent/phases.ts';

const target = (phase: TargetPhase, facts: Partial<TargetStatus> = {}): TargetStatus => ({
  podUid: 'p',
  phase,
  since: 't0',
  ...facts,
});
const anyPhase = fc.constantFrom(...targetPhases);
const order = ['Pending', 'Applying', 'Active', 'Undoing', 'end'];
const placeOf = (phase: TargetPhase) => order.indexOf(isOver({ phase }) ? 'end' : phase);

describe('advance', () => {
  it('only moves forward, and never out of an end, whatever is asked of it', () => {
    fc.assert(
      fc.property(fc.array(anyPhase, { maxLength: 12 }), (asked) => {
        let status = target('Pending');
        asked.forEach((phase, index) => {
          const before = status;
          try {
            status = advance(status, phase, `t${String(index + 1)}`);
          } catch {
            expect(status).toBe(before);
          }
          expect(placeOf(status.phase)).toBeGreaterThanOrEqual(placeOf(before.phase));
          if (isOver(before)) expect(status.phase).toBe(before.phase);
        });
      }),
    );
  });

  it('stamps when a phase began, not when facts were added to it', () => {
    const active = advance(target('Applying'), 'Active', 't1', { activeAt: 't1' });
    expect(advance(active, 'Active', 't2', { driver: 'netem' })).toEqual(
      target('Active', { since: 't1', activeAt: 't1', driver: 'netem' }),
    );
  });
});

describe('afterRestart', () => {
  it.each([
    ['Applying', 'Clean'],
    ['Active', 'Clean'],
    ['Undoing', 'Clean'],
    ['Clean', 'Clean'],
    ['Lost', 'Lost'],
    ['Refused', 'Refused'],
  ] as const)('makes of %s %s', (before, after) => {
    const [status] = afterRestart({ observedGeneration: 1, targets: [target(before)], residue: 0 }, 'now') ?? [];
    expect(status?.phase).toBe(after);
    expect(status?.reason).toBe(before === after ? undefined : 'AgentRestarted');
    expect(status?.undoneAt).toBe(before === after ? undefined : 'now');
  });

  it('lets a task that was not begun begin, but no target of one that was', () => {
    const pending = { observedGeneration: 1, targets: [target('Pending'), target('Pending')], residue: 0 };
    expect(afterRestart(undefined, 'now')).toBeUndefined();
    expect(afterRestart(pending, 'now')).toBeUndefined();
    const begun = afterRestart({ ...pending, targets: [target('Pending'), target('Active')] }, 'now');
    expect(begun?.map(({ phase, undoneAt }) => [phase, undoneAt])).toEqual([
      ['Clean', undefined],
      ['Clean', 'now'],
    ]);
  });

  it('keeps the instant at which a gate was closed', () => {
    const status = { observedGeneration: 1, targets: [target('Undoing', { cleanAt: 'then' })], residue: 0 };
    expect(afterRestart(status, 'now')?.[0]).toMatchObject({ cleanAt: 'then', undoneAt: 'now' });
  });
});
