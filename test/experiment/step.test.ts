import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Facts, initialState, type RunState, step, type TargetFacts } from '../../src/experiment/index.ts';
import { noFacts, observation, plan } from './arbitraries.ts';

const target = (changes: Partial<TargetFacts>): TargetFacts => ({ uid: 'a', name: 'shop/a', phase: 'Active', ...changes });
const faultOf = (...targets: TargetFacts[]): Facts['fault'] => ({ targets, residue: 0, changedByOthers: [], dose: [] });
const steady = { reaches: [observation()] };

/** The machine led by hand: every row is the time and what was gathered then. */
function lead(rows: [now: number, facts: Partial<Facts>][], from: RunState = initialState(0)): RunState {
  return rows.reduce(
    (state, [now, facts]) => step(plan(), state, { type: 'facts', facts: { ...noFacts, ...facts } }, now).state,
    from,
  );
}

const toDuring: [number, Partial<Facts>][] = [
  [0, {}],
  [1000, { preflight: { ok: true } }],
  [2000, { probesReadyAt: 1500 }],
  [9500, { observed: { before: steady } }],
  [10_000, { fault: faultOf(target({ activeAt: 9900 })) }],
];

describe('step', () => {
  it('leads an undisturbed run through every phase, each window where the contract says', () => {
    const during = lead(toDuring);
    expect(during).toMatchObject({
      phase: 'during',
      dirty: true,
      windows: { before: { from: 2000, to: 7000 }, during: { from: 9900 } },
    });
    const after = lead(
      [
        [19_900, { fault: faultOf(target({})) }],
        [20_500, { fault: faultOf(target({ phase: 'Clean', cleanAt: 20_000 })) }],
      ],
      during,
    );
    expect(after).toMatchObject({ phase: 'after', dirty: false, windows: { during: { to: 19_900 }, after: { from: 20_500 } } });
    const done = lead(
      [
        [25_999, {}],
        [26_000, {}],
        [28_000, { observed: { during: steady, after: steady } }],
      ],
      after,
    );
    expect(done).toMatchObject({ phase: 'done', judgement: { verdict: 'Inconclusive', reason: 'NoDose' } });
    expect(done.phases.map(({ name }) => name)).toEqual(['preflight', 'before', 'inject', 'during', 'undo', 'after']);
  });

  it('gives the steady state before the fault as many whole seconds as were asked for, whenever its probes are ready', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 5000 }), (probesReadyAt) => {
        const { windows } = lead([
          [0, {}],
          [1000, { preflight: { ok: true } }],
          [probesReadyAt, { probesReadyAt }],
        ]);
        const { from = NaN, to = NaN } = windows.before ?? {};
        expect({ remainder: from % 1000, length: to - from }).toEqual({ remainder: 0, length: plan().beforeMs });
        expect(from).toBeGreaterThanOrEqual(probesReadyAt);
      }),
    );
  });

  it.each<[string, number, Partial<TargetFacts>, object]>([
    [
      'its lease ran out',
      12_000,
      { phase: 'Clean', reason: 'LeaseExpired', cleanAt: 11_000 },
      { kind: 'aborted', reason: 'LeaseExpired', at: 11_000 },
    ],
    ['it ended by itself too early', 12_000, { phase: 'Clean', reason: 'NotAfter' }, { kind: 'aborted', reason: 'NotAfter' }],
  ])('undoes and aborts when a target is over because %s', (_what, now, changes, ending) => {
    const state = lead([[now, { fault: faultOf(target(changes)) }]], lead(toDuring));
    expect(state).toMatchObject({ phase: 'undo', dirty: true, ending });
  });

  it.each([
    ['KernelRefused', 'error'],
    ['NamespaceNotFound', 'aborted'],
  ])('ends where a target refuses what was to be injected (%s): %s', (reason, kind) => {
    const injecting = lead(toDuring.slice(0, 4));
    const state = lead([[10_000, { fault: faultOf(target({ phase: 'Refused', reason, message: 'why' })) }]], injecting);
    expect([injecting.phase, state.phase]).toEqual(['inject', 'undo']);
    expect(state.ending).toMatchObject({ kind, reason, message: expect.stringContaining('why') as string });
  });

  it('takes a fault that its agent ended at its end for complete', () => {
    const state = lead([[22_500, { fault: faultOf(target({ phase: 'Clean', reason: 'NotAfter' })) }]], lead(toDuring));
    expect(state).toMatchObject({
      phase: 'undo',
      phases: expect.arrayContaining([expect.objectContaining({ name: 'during', outcome: 'complete' })]) as unknown,
    });
    expect(state.ending).toBeUndefined();
  });

  it.each([
    ['ProbeFailed', 'error'],
    ['AgentRestarted', 'aborted'],
  ])('undoes when a probe ends too early (%s), since what is left of it says nothing: %s', (reason, kind) => {
    const probeLost = { reason, message: 'fping ended' };
    const state = lead([[12_000, { fault: faultOf(target({})), probeLost }]], lead(toDuring));
    expect(state).toMatchObject({ phase: 'undo', ending: { kind, reason } });
  });
});
