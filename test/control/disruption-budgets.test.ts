import { describe, expect, it } from 'vitest';
import { allowanceOf, describeBrokenBudgets } from '../../src/control/disruption-budgets.ts';
import { planOrRefuse, type PlaceRules } from '../../src/control/plan-or-refuse.ts';
import { type DisruptionBudget, keepPod, type Pod } from '../../src/control/world.ts';
import { type Asked, asking, made, now, worldOf } from './radius.ts';

const web = { selector: { matchLabels: { app: 'web' } } };

function budget(spec: DisruptionBudget['spec'], status?: DisruptionBudget['status'], namespace = 'shop'): DisruptionBudget {
  const metadata = { name: 'web', namespace, generation: 2 };
  return { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata, spec, ...(status === undefined ? {} : { status }) };
}

const four = [1, 2, 3, 4].map((index) => made(`web-${index}`, index, { owner: 'web' }));
const unready = (pod: Pod): Pod => ({ ...pod, status: { ...pod.status, conditions: [{ type: 'Ready', status: 'False' }] } });
const inPhase = (pod: Pod, phase: string): Pod => ({ ...pod, status: { ...pod.status, phase } });
const otherwise = (pod: Pod): Pod => ({ ...pod, metadata: { ...pod.metadata, labels: { app: 'other' } } });

describe('what a budget allows', () => {
  it.each<[string, DisruptionBudget, Pod[], number]>([
    ['is what its status says', budget({ ...web, minAvailable: 4 }, { observedGeneration: 2, disruptionsAllowed: 3 }), four, 3],
    [
      'is computed where the status is of an older spec',
      budget({ ...web, minAvailable: 4 }, { observedGeneration: 1, disruptionsAllowed: 3 }),
      four,
      0,
    ],
    ['is what is ready beyond minAvailable', budget({ ...web, minAvailable: 3 }), four, 1],
    ['is nothing where less is ready than must be', budget({ ...web, minAvailable: 9 }), four, 0],
    ['rounds a share that must be available up', budget({ ...web, minAvailable: '51%' }), four, 1],
    ['is maxUnavailable', budget({ ...web, maxUnavailable: 2 }), four, 2],
    ['rounds a share that may be gone up', budget({ ...web, maxUnavailable: '30%' }), four, 2],
    [
      'counts pods that are not ready as gone',
      budget({ ...web, maxUnavailable: 2 }),
      [...four.slice(1), unready(made('web-1', 1))],
      1,
    ],
    [
      'counts pods that are yet to run as gone',
      budget({ ...web, maxUnavailable: 2 }),
      [...four.slice(1), inPhase(made('web-1', 1), 'Pending')],
      1,
    ],
    [
      'forgets pods that have ended, or are on their way out',
      budget({ ...web, minAvailable: '50%' }),
      [...four.slice(2), inPhase(made('web-1', 1), 'Failed'), made('web-2', 2, { ending: true })],
      1,
    ],
    [
      'counts every pod of the namespace where its selector is empty',
      budget({ selector: {}, minAvailable: 3 }),
      four.map(otherwise),
      1,
    ],
  ])('%s', (_, asked, pods, disruptions) => {
    expect(allowanceOf(asked, pods).disruptions).toBe(disruptions);
  });
});

describe('a run is refused that would hurt', () => {
  it.each<[string, Pod[], DisruptionBudget[], Asked, RegExp]>([
    [
      'more ready pods than its budget allows',
      four,
      [budget({ ...web, minAvailable: 3 }, { observedGeneration: 2, disruptionsAllowed: 1 })],
      { mode: { mode: 'fixed', count: 2 } },
      /^PodDisruptionBudget shop\/web: 2 of its ready pods would be hurt; expected at most 1 by its status.disruptionsAllowed \(minAvailable 3\): select fewer/,
    ],
    [
      'one pod where none may be gone',
      four,
      [budget({ ...web, maxUnavailable: 0 })],
      { mode: { mode: 'one' } },
      /1 of its ready pods .* at most 0 by its maxUnavailable 0 \(4 of 4 pods are ready\)/,
    ],
    [
      'more than one of two budgets allows',
      four,
      [budget({ ...web, maxUnavailable: 4 }), budget({ selector: {}, maxUnavailable: 3 })],
      {},
      /^PodDisruptionBudget .*at most 3/,
    ],
  ])('%s', (_, pods, budgets, asked, message) => {
    expect(planOrRefuse(asking(undefined, asked), { ...worldOf(pods), budgets }, now)).toMatchObject({
      kind: 'refused',
      reason: 'DisruptionBudgetExceeded',
      message: expect.stringMatching(message) as string,
    });
  });
});

describe('a run is planned that hurts', () => {
  it.each<[string, Pod[], DisruptionBudget, PlaceRules]>([
    ['as many as its budget allows', four, budget({ ...web, maxUnavailable: 4 }), {}],
    ['pods of no budget', four, budget({ selector: { matchLabels: { app: 'db' } }, maxUnavailable: 0 }), {}],
    ['pods of another namespace than the budget', four, budget({ ...web, maxUnavailable: 0 }, undefined, 'bank'), {}],
    ['pods of a budget that selects none, since it has no selector', four, budget({ maxUnavailable: 0 }), {}],
    ['only pods that are not ready', four.map(unready), budget({ ...web, maxUnavailable: 0 }), {}],
    [
      'more than a budget allows, where the place does not ask it',
      four,
      budget({ ...web, maxUnavailable: 0 }),
      { ignoreDisruptionBudgets: true },
    ],
  ])('%s', (_, pods, one, rules) => {
    expect(planOrRefuse(asking(undefined), { ...worldOf(pods), budgets: [one] }, now, rules).kind).toBe('planned');
  });
});

it('what other runs hurt counts as well, each pod once', () => {
  const [one, two, three] = four;
  const budgets = [budget({ ...web, maxUnavailable: 2 })];
  if (one === undefined || two === undefined || three === undefined) throw new Error('four pods were made');
  expect(describeBrokenBudgets(budgets, [one, two], [two], four)).toBeUndefined();
  expect(describeBrokenBudgets(budgets, [one, two], [two, three], four)).toMatch(
    /3 of its ready pods would be hurt, 1 of them by other runs; expected at most 2/,
  );
  expect(describeBrokenBudgets(budgets, [], four, four)).toBeUndefined();
});

it('keeps of a pod whether it is ready, and no other condition', () => {
  const stored = { uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
  const conditions = [
    { type: 'Initialized', status: 'True' },
    { type: 'Ready', status: 'False', lastTransitionTime: 'x' },
  ];
  const whole = made('web-1', 1);
  const kept = keepPod({ ...whole, metadata: { ...whole.metadata, ...stored }, status: { ...whole.status, conditions } });
  expect(kept.status?.conditions).toEqual([{ type: 'Ready', status: 'False' }]);
});
