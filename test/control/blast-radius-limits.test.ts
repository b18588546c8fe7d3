import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { BlastRadius, TargetMode } from '../../src/api/index.ts';
import { planOrRefuse, type PlaceRules } from '../../src/control/plan-or-refuse.ts';
import { type Asked, asking, type Facts, made, now, worldOf } from './radius.ts';

const limit = (most: number) => fc.option(fc.integer({ min: 1, max: most }), { nil: undefined, freq: 2 });
const limits: fc.Arbitrary<BlastRadius> = fc.record({
  maxTargets: limit(12),
  maxPercentOfWorkload: limit(100),
  maxPercentOfNamespace: limit(100),
  maxPercentOfCluster: limit(100),
  maxNodes: limit(4),
  minAgeMs: fc.option(fc.constantFrom(0, 1000, 60_000), { nil: undefined, freq: 2 }),
});
const somePods = fc.array(
  fc.record({
    owner: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }),
    node: fc.constantFrom('n1', 'n2', 'n3', 'n4'),
    namespace: fc.constantFrom('shop', 'bank'),
    ageMs: fc.integer({ min: 0, max: 9 }).map((drawn) => (drawn === 0 ? 30_000 : 3_600_000)),
    ending: fc.integer({ min: 0, max: 19 }).map((drawn) => drawn === 0),
    hurtByOthers: fc.integer({ min: 0, max: 3 }).map((drawn) => drawn === 0),
  }),
  { minLength: 1, maxLength: 14 },
);
const mode: fc.Arbitrary<TargetMode> = fc.oneof(
  fc.constant<TargetMode>({ mode: 'all' }),
  fc.constant<TargetMode>({ mode: 'one' }),
  fc.integer({ min: 1, max: 6 }).map<TargetMode>((count) => ({ mode: 'fixed', count })),
  fc.integer({ min: 1, max: 100 }).map<TargetMode>((percent) => ({ mode: 'fixed-percent', percent })),
);
const namespaces = fc.constantFrom(['shop'], ['bank'], ['shop', 'bank'], ['shop', 'shop']);

type Drawn = Facts & { hurtByOthers: boolean };

it('never hurts more than any limit allows, whatever pods, limits, modes, seeds and other runs there are', () => {
  let [planned, exceeded] = [0, 0];
  const judge = (facts: Drawn[], asked: Asked, blastRadius: BlastRadius, rules: PlaceRules) => {
    const pods = facts.map((one, index) => made(`web-${index}`, index + 1, one));
    const found = planOrRefuse(
      asking(blastRadius, asked),
      worldOf(
        pods,
        pods.filter((_, index) => facts[index]?.hurtByOthers),
      ),
      now,
      rules,
    );
    if (found.kind !== 'planned') {
      expect(['NoTarget', 'TargetNotAllowed', 'BlastRadiusExceeded']).toContain(found.reason);
      if (found.reason === 'BlastRadiusExceeded') exceeded += 1;
      return;
    }
    planned += 1;
    // From the orders themselves, not from what the plan says of them.
    const uids = new Set(found.tasks.fault.flatMap(({ spec }) => spec.targets.map(({ podUid }) => podUid)));
    const isHurt = (_: Drawn, index: number) => uids.has(pods[index]?.metadata.uid ?? '');
    const hurt = facts.filter(isHurt);
    expect(hurt).toHaveLength(uids.size);
    expect(hurt.some(({ ending }) => ending)).toBe(false);
    const staying = facts.filter(({ ending }) => !ending);
    const byAll = staying.filter((one) => hurt.includes(one) || one.hurtByOthers);
    const judged = [
      { counted: hurt, limits: blastRadius },
      { counted: byAll, limits: rules.ceilings ?? {} },
    ];
    for (const { counted, limits: one } of judged) {
      const { maxTargets = Infinity, maxNodes = Infinity, minAgeMs = 0, ...percents } = one;
      expect(counted.length).toBeLessThanOrEqual(maxTargets);
      expect(new Set(counted.map(({ node }) => node)).size).toBeLessThanOrEqual(maxNodes);
      for (const { ageMs = 0 } of hurt) expect(ageMs).toBeGreaterThanOrEqual(minAgeMs);
      const { maxPercentOfWorkload = 100, maxPercentOfNamespace = 100, maxPercentOfCluster = 100 } = percents;
      for (const one of hurt) {
        const together = one.owner === undefined ? [one] : staying.filter(({ owner }) => owner === one.owner);
        const here = staying.filter(({ namespace }) => namespace === one.namespace);
        const shareOf = (group: Drawn[]) => (100 * group.filter((each) => counted.includes(each)).length) / group.length;
        expect(shareOf(together)).toBeLessThanOrEqual(maxPercentOfWorkload);
        expect(shareOf(here)).toBeLessThanOrEqual(maxPercentOfNamespace);
        expect(shareOf(staying)).toBeLessThanOrEqual(maxPercentOfCluster);
      }
    }
  };
  fc.assert(
    fc.property(
      somePods,
      mode,
      namespaces,
      fc.string(),
      limits,
      limits,
      (facts, drawnMode, where, seed, blastRadius, ceilings) => {
        judge(facts, { mode: drawnMode, namespaces: where, seed }, blastRadius, { ceilings });
      },
    ),
    { numRuns: 2000 },
  );
  expect(planned).toBeGreaterThan(20);
  expect(exceeded).toBeGreaterThan(20);
});
