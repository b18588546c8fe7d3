import { describe, expect, it } from 'vitest';
import type { BlastRadius } from '../../src/api/index.ts';
import { planOrRefuse } from '../../src/control/plan-or-refuse.ts';
import type { Pod } from '../../src/control/world.ts';
import { type Asked, asking, made, now, worldOf } from './radius.ts';
import { pod } from './world.ts';

const fourOfOne = [1, 2, 3, 4].map((index) => made(`web-${index}`, index, { owner: 'web', node: `node-${index % 2}` }));
/** Three on one controller, and one in the middle of a rollout on the next. */
const rollout = [...[1, 2, 3].map((index) => made(`old-${index}`, index, { owner: 'old' })), made('new-1', 9, { owner: 'new' })];

describe('a run is refused that would hurt', () => {
  it.each<[string, Pod[], BlastRadius, Asked, RegExp]>([
    [
      'more pods than its limit',
      fourOfOne,
      { maxTargets: 3 },
      {},
      /^blastRadius.maxTargets: 4 pods .*; expected at most 3: select fewer/,
    ],
    ['pods on more nodes than its limit', fourOfOne, { maxNodes: 1 }, {}, /^blastRadius.maxNodes: pods on 2 nodes .*at most 1:/],
    [
      'more of a workload than its limit',
      fourOfOne,
      { maxPercentOfWorkload: 50 },
      { mode: { mode: 'fixed', count: 3 } },
      /^blastRadius.maxPercentOfWorkload: 3 of 4 running pods \(75 %\) of ReplicaSet shop\/web would be hurt; expected at most 50 %/,
    ],
    [
      'a third of a workload, where its limit is a little less',
      fourOfOne.slice(0, 3),
      { maxPercentOfWorkload: 33 },
      { mode: { mode: 'one' } },
      /1 of 3 running pods \(33.3 %\)/,
    ],
    [
      'all of what a rollout has made so far',
      rollout,
      { maxPercentOfWorkload: 75 },
      {},
      /1 of 1 running pods \(100 %\) of ReplicaSet shop\/new .*3 of 3 running pods \(100 %\) of ReplicaSet shop\/old would/,
    ],
    [
      'a pod that nobody would make anew',
      [made('alone', 1), ...fourOfOne.map((one) => ({ ...one, metadata: { ...one.metadata, labels: {} } }))],
      { maxPercentOfWorkload: 99 },
      {},
      /1 of 1 running pods \(100 %\) of pod shop\/alone, which has no controller,/,
    ],
    [
      'too many of those that stay, since others are on their way out',
      [...fourOfOne.slice(0, 2), made('ends', 3, { owner: 'web', ending: true })].map((one, index) =>
        index < 2 ? one : { ...one, metadata: { ...one.metadata, labels: {} } },
      ),
      { maxPercentOfWorkload: 40 },
      { mode: { mode: 'one' } },
      /1 of 2 running pods \(50 %\)/,
    ],
    [
      'more of a namespace than its limit',
      [...fourOfOne, made('other', 8, { namespace: 'bank' }), pod('db', 20)],
      { maxPercentOfNamespace: 75 },
      {},
      /^blastRadius.maxPercentOfNamespace: 4 of 5 running pods \(80 %\) of namespace shop would be hurt/,
    ],
    [
      'too many in all parts of a fault together',
      [...fourOfOne, made('other', 8, { namespace: 'bank' })],
      { maxTargets: 4 },
      { namespaces: ['shop', 'bank'] },
      /5 pods would be hurt/,
    ],
  ])('%s', (_, pods, limits, asked, message) => {
    expect(planOrRefuse(asking(limits, asked), worldOf(pods), now)).toMatchObject({
      kind: 'refused',
      reason: 'BlastRadiusExceeded',
      message: expect.stringMatching(message) as string,
    });
  });

  it.each([
    { limits: { maxRunsPerTarget: 1 }, found: 'refused' },
    { limits: { maxRunsPerTarget: 2 }, found: 'planned' },
    { limits: undefined, found: 'planned' },
  ])('a pod that another run hurts is $found with $limits, of the experiment or of the place', ({ limits, found }) => {
    const [alone, shared] = [made('web-1', 1), made('web-2', 2)];
    const there = worldOf([alone, shared, pod('db', 9)], [shared]);
    const outcomes = [
      planOrRefuse(asking(limits), there, now),
      planOrRefuse(asking(undefined), there, now, limits === undefined ? {} : { ceilings: limits }),
    ];
    for (const outcome of outcomes) expect(outcome.kind).toBe(found);
    if (found === 'planned') return;
    const [mine, place] = outcomes.map((outcome) => ('message' in outcome ? outcome.message : ''));
    expect(mine).toMatch(
      /^shop\/web-2 is selected .* AlreadyHurt: it is hurt by shop\/other; .* at most 1 by blastRadius\.maxRuns/,
    );
    expect(mine).not.toContain('web-1');
    expect(place).toContain('at most 1 by ceilings.maxRunsPerTarget');
    expect(planOrRefuse(asking(limits, { only: alone }), there, now).kind).toBe('planned');
  });

  it.each<[string, Pod, RegExp]>([
    [
      'is younger than its limit',
      made('web', 1, { ageMs: 59_900 }),
      /TooYoung: it is 59s old; expected at least 60s by blastRadius.minAge: wait/,
    ],
    ['comes from a future that another clock sees', made('web', 1, { ageMs: -5000 }), /TooYoung: it is 0s old/],
    ['does not say when it was created', pod('web', 1), /TooYoung: when it was created is not known/],
  ])('a pod that %s', (_, young, message) => {
    expect(
      planOrRefuse(
        asking({ minAgeMs: 60_000 }),
        worldOf([pod('db', 9), { ...young, metadata: { ...young.metadata, labels: { app: 'web' } } }]),
        now,
      ),
    ).toMatchObject({
      reason: 'TargetNotAllowed',
      message: expect.stringMatching(message) as string,
    });
  });
});

describe('a run is planned that hurts', () => {
  it.each<[string, Pod[], BlastRadius, Asked]>([
    [
      'exactly as much as its limits',
      fourOfOne,
      { maxTargets: 2, maxPercentOfWorkload: 50, maxNodes: 2, minAgeMs: 3_600_000 },
      { mode: { mode: 'fixed', count: 2 } },
    ],
    ['everything, where that is its limit', fourOfOne, { maxPercentOfWorkload: 100, maxPercentOfNamespace: 100 }, {}],
    ['one pod in two ways, which is one pod', [made('web-1', 1)], { maxTargets: 1 }, { namespaces: ['shop', 'shop'] }],
  ])('%s', (_, pods, limits, asked) => {
    expect(planOrRefuse(asking(limits, asked), worldOf(pods), now).kind).toBe('planned');
  });
});

describe('the ceilings of a place', () => {
  it.each<[string, BlastRadius, BlastRadius | undefined, string]>([
    [
      'hold where the experiment says nothing',
      { maxTargets: 3 },
      undefined,
      'ceilings.maxTargets: 4 pods would be hurt; expected at most 3',
    ],
    ['are not lifted by a larger limit of the experiment', { maxTargets: 3 }, { maxTargets: 1000 }, 'no experiment can lift'],
    [
      'are not lifted by a larger share',
      { maxPercentOfWorkload: 50 },
      { maxPercentOfWorkload: 100 },
      'ceilings.maxPercentOfWorkload',
    ],
    ['do not lift a smaller limit of the experiment', { maxTargets: 1000 }, { maxTargets: 3 }, 'blastRadius.maxTargets'],
    [
      'say how old a pod must be, whatever the experiment says',
      { minAgeMs: 7_200_000 },
      { minAgeMs: 1000 },
      'at least 7200s by ceilings.minAge',
    ],
  ])('%s', (_, ceilings, blastRadius, message) => {
    expect(planOrRefuse(asking(blastRadius), worldOf(fourOfOne), now, { ceilings })).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining(message) as string,
    });
  });
});

describe('the ceilings of a place, while other runs are active,', () => {
  const [one, two, three, four] = fourOfOne as [Pod, Pod, Pod, Pod];
  const gone = made('gone', 9, { owner: 'web' });
  const ending = made('ending', 9, { owner: 'web', ending: true });
  const asksOne = (pod: Pod) => asking(undefined, { namespaces: ['shop'], only: pod });

  it.each<[string, BlastRadius, Pod[], RegExp]>([
    [
      'count pods of all',
      { maxTargets: 2 },
      [two, three],
      /^ceilings.maxTargets: 3 pods would be hurt, 2 of them by other runs; expected at most 2/,
    ],
    [
      'count nodes of all',
      { maxNodes: 1 },
      [two],
      /^ceilings.maxNodes: pods on 2 nodes would be hurt, 1 of them by other runs; expected at most 1/,
    ],
    [
      'count shares of a workload by all',
      { maxPercentOfWorkload: 50 },
      [two, three],
      /3 of 4 running pods \(75 %\) of ReplicaSet shop\/web would be hurt, 2 of them by other runs; expected at most 50 %/,
    ],
    [
      'count shares of a namespace by all',
      { maxPercentOfNamespace: 25 },
      [two],
      /2 of 4 running pods \(50 %\) of namespace shop/,
    ],
    [
      'count shares of the cluster by all',
      { maxPercentOfCluster: 25 },
      [two],
      /2 of 4 running pods \(50 %\) of the cluster would be hurt, 1 of them/,
    ],
  ])('%s', (_, ceilings, others, message) => {
    expect(planOrRefuse(asksOne(one), worldOf(fourOfOne, others), now, { ceilings })).toMatchObject({
      reason: 'BlastRadiusExceeded',
      message: expect.stringMatching(message) as string,
    });
  });

  it.each<[string, BlastRadius, Pod[]]>([
    ['count a pod once that several runs hurt', { maxTargets: 1, maxPercentOfWorkload: 25, maxPercentOfCluster: 25 }, [one]],
    ['do not count pods that are gone, or on their way out', { maxTargets: 1 }, [gone, ending]],
  ])('%s', (_, ceilings, others) => {
    expect(planOrRefuse(asksOne(one), worldOf([...fourOfOne, ending], others), now, { ceilings }).kind).toBe('planned');
  });

  it('do not ask a run about a workload that it leaves alone', () => {
    const alone = made('bank-1', 9, { owner: 'bank', namespace: 'bank' });
    const rules = { ceilings: { maxPercentOfWorkload: 100, maxPercentOfNamespace: 100, maxTargets: 4 } };
    const world = worldOf([...fourOfOne, alone], [two, three, four]);
    expect(planOrRefuse(asksOne(alone), world, now, rules).kind).toBe('planned');
    const stricter = { ceilings: { maxPercentOfCluster: 60 } };
    expect(planOrRefuse(asksOne(alone), world, now, stricter)).toMatchObject({ reason: 'BlastRadiusExceeded' });
  });

  it('leave the limits of an experiment to the pods that it hurts itself', () => {
    const world = worldOf(fourOfOne, [two, three]);
    expect(planOrRefuse(asking({ maxTargets: 1 }, { only: one }), world, now).kind).toBe('planned');
  });
});
