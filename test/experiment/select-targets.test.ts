import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TargetMode, TargetSelector } from '../../src/api/index.ts';
import { selectTargets } from '../../src/experiment/index.ts';

const pods = Array.from({ length: 7 }, (_, index) => ({
  namespace: index < 6 ? 'shop' : 'other',
  name: `payments-${String(index)}`,
  uid: String(index),
  labels: { app: 'payments' },
}));

const bySelector = (mode: TargetMode): TargetSelector => ({
  kind: 'selector',
  namespace: 'shop',
  selector: { matchLabels: { app: 'payments' } },
  mode,
});

describe('selectTargets', () => {
  it.each<[TargetMode, number]>([
    [{ mode: 'all' }, 6],
    [{ mode: 'one' }, 1],
    [{ mode: 'fixed', count: 4 }, 4],
    [{ mode: 'fixed', count: 40 }, 6],
    [{ mode: 'fixed-percent', percent: 50 }, 3],
    [{ mode: 'fixed-percent', percent: 51 }, 4],
    [{ mode: 'fixed-percent', percent: 1 }, 1],
  ])('takes by %j %d of six', (mode, expected) => {
    expect(selectTargets([bySelector(mode)], pods, 'seed')).toHaveLength(expected);
  });

  it('never widens an empty selector', () => {
    const empty: TargetSelector = { kind: 'selector', namespace: 'shop', selector: {}, mode: { mode: 'all' } };
    expect(selectTargets([empty], pods, 'seed')).toEqual([]);
  });

  it('takes a pod that two selectors name only once', () => {
    const named: TargetSelector = { kind: 'pod', namespace: 'shop', name: 'payments-1' };
    expect(selectTargets([named, bySelector({ mode: 'all' })], pods, 'seed')).toHaveLength(6);
  });

  it('depends on the seed and the candidates only, whatever their order', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.shuffledSubarray(pods, { minLength: pods.length }),
        fc.integer({ min: 1, max: 100 }),
        (seed, shuffled, percent) => {
          for (const mode of ['fixed-percent', 'random-max-percent'] as const) {
            const select = (candidates: typeof pods) =>
              selectTargets([bySelector({ mode, percent })], candidates, seed).map(({ uid }) => uid);
            expect(select(shuffled)).toEqual(select(pods));
          }
        },
      ),
    );
  });

  it('reaches every count from one to the share with random-max-percent', () => {
    const counts = new Set(
      Array.from(
        { length: 200 },
        (_, seed) => selectTargets([bySelector({ mode: 'random-max-percent', percent: 50 })], pods, String(seed)).length,
      ),
    );
    expect([...counts].sort()).toEqual([1, 2, 3]);
  });
});
