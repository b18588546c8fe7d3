import { describe, expect, it } from 'vitest';
import { activeRunOf, createTargetClaims, isHurting } from '../../src/control/active-runs.ts';
import type { ExperimentObject } from '../../src/control/index.ts';
import { initialState, type RunState } from '../../src/experiment/index.ts';
import type { Stored } from '../../src/store/index.ts';

function run(name: string, changes?: Partial<RunState>, targets = ['a', 'b']): Stored<ExperimentObject> {
  const status =
    changes === undefined ? undefined : { run: { ...initialState(0), ...changes }, targets: targets.map((uid) => ({ uid })) };
  return { metadata: { name, namespace: 'shop', uid: `uid-${name}` }, status } as unknown as Stored<ExperimentObject>;
}
const claimOf = (name: string, ...podUids: string[]) => ({ uid: `uid-${name}`, namespace: 'shop', name, podUids });

describe('a run hurts its pods', () => {
  it.each<[string, Pick<RunState, 'phase' | 'touched' | 'dirty'>, boolean]>([
    ['before the fault, since it is about to', { phase: 'before', touched: false, dirty: false }, true],
    ['during it', { phase: 'during', touched: true, dirty: true }, true],
    ['until its undo is proven', { phase: 'undo', touched: true, dirty: true }, true],
    ['not afterwards', { phase: 'after', touched: true, dirty: false }, false],
    ['not once it is over', { phase: 'done', touched: false, dirty: false }, false],
    ['not once it is over, though its undo was never proven', { phase: 'done', touched: true, dirty: true }, false],
  ])('%s', (_, state, expected) => {
    expect(isHurting(state)).toBe(expected);
  });

  it('by what its status says of targets', () => {
    expect(activeRunOf(run('one', {}))).toEqual(claimOf('one', 'a', 'b'));
    expect(activeRunOf(run('one', {}, []))).toBeUndefined();
    expect(activeRunOf(run('one'))).toBeUndefined();
  });
});

describe('what this process knows of runs', () => {
  const stored = [run('seen', { phase: 'during', touched: true, dirty: true }), run('new')];
  let nowMs = 0;
  const claims = createTargetClaims({ list: () => stored }, { monotonic: () => nowMs });

  it('is what their statuses say, and counts at once when it has planned one itself', () => {
    expect(claims.others('uid-new')).toEqual([claimOf('seen', 'a', 'b')]);
    claims.claim(claimOf('new', 'c'));
    expect(claims.others('uid-third')).toEqual([claimOf('new', 'c'), claimOf('seen', 'a', 'b')]);
    expect(claims.others('uid-new')).toEqual([claimOf('seen', 'a', 'b')]);
  });

  it('no longer has those that hurt nobody, though a status that lags behind still says so', () => {
    claims.release('uid-seen');
    expect(claims.others('uid-third')).toEqual([claimOf('new', 'c')]);
    claims.forget('uid-new', 30_000);
    nowMs = 29_999;
    expect(claims.others('uid-third')).toEqual([claimOf('new', 'c')]);
    nowMs = 30_000;
    expect(claims.others('uid-third')).toEqual([]);
    claims.claim(claimOf('other', 'd'));
    claims.forget('uid-other', 0);
    expect(claims.others('uid-third')).toEqual([]);
  });
});
