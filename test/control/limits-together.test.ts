/** Ceilings and budgets of several runs at once, with the reconcilers and a store. */
import { afterEach, describe, expect, it } from 'vitest';
import { apiVersion } from '../../src/api/index.ts';
import { type ExperimentObject, experiments, type PlaceRules, pods } from '../../src/control/index.ts';
import { disruptionBudgets } from '../../src/control/resources.ts';
import { systemClock } from '../../src/lib/index.ts';
import { type Machine, obedient, shortRun, startMachine } from './machine.ts';
import { pod } from './world.ts';

const names = Array.from({ length: 10 }, (_, index) => `web-${String(index)}`);
const leaseMs = 3000;
let machine: Machine;
afterEach(async () => {
  await machine.stop();
});

async function startWith(rules: PlaceRules): Promise<void> {
  machine = await startMachine(obedient, { rules, takeover: 'continue' });
  for (const [index, name] of names.entries()) {
    const created = await machine.store.create(pods, pod(name, 50 + index, { app: 'web' }));
    await machine.store.updateStatus(pods, { ...created, status: pod(name, 50 + index).status });
  }
}

async function create(name: string, duration = '10m'): Promise<void> {
  const targets = [{ kind: 'pod', namespace: 'shop', name }];
  const spec = { ...shortRun, duration, fault: { ...shortRun.fault, targets, lease: `${leaseMs / 1000}s` } };
  await machine.store.create(experiments, { apiVersion, kind: 'NetworkExperiment', metadata: { name, namespace: 'shop' }, spec });
}

/** The phase that a run is in or, once it is over, its reason. */
async function outcomes(): Promise<ExperimentObject['status'][]> {
  return (await machine.store.list(experiments)).items.map(({ status }) => status);
}

async function untilSettled(): Promise<{ active: number; refused: string[] }> {
  for (;;) {
    const all = await outcomes();
    const refused = all.flatMap((status) => (status?.verdict === 'Refused' ? [status.message ?? ''] : []));
    const active = all.filter((status) => status?.phase === 'during').length;
    if (active + refused.length === all.length) return { active, refused };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('ten runs of a tenth each', { timeout: 60_000 }, () => {
  it('that start at the same time hurt no more together than a ceiling allows', async () => {
    await startWith({ ceilings: { maxTargets: 3 } });
    await Promise.all(
      names.map(async (name) => {
        await create(name);
      }),
    );
    const { active, refused } = await untilSettled();
    expect(active).toBe(3);
    expect(refused).toHaveLength(7);
    for (const message of refused) expect(message).toMatch(/^ceilings.maxTargets: 4 pods would be hurt, 3 of them by other runs/);
  });

  it('hurt no more of a budget than may be gone', async () => {
    await startWith({});
    const spec = { selector: { matchLabels: { app: 'web' } }, maxUnavailable: 2 };
    const { apiVersion: version, kind } = disruptionBudgets;
    await machine.store.create(disruptionBudgets, {
      apiVersion: version,
      kind,
      metadata: { name: 'web', namespace: 'shop' },
      spec,
    });
    await Promise.all(
      names.map(async (name) => {
        await create(name);
      }),
    );
    const { active, refused } = await untilSettled();
    expect(active).toBe(2);
    for (const message of refused) expect(message).toMatch(/3 of its ready pods would be hurt, 2 of them by other runs/);
  });

  it('are counted by the next control process as well', async () => {
    await startWith({ ceilings: { maxPercentOfWorkload: 100, maxTargets: 2 } });
    await create('web-0');
    await create('web-1');
    await untilSettled();
    await machine.restartControl();
    await create('web-2');
    expect(await untilSettled()).toMatchObject({ active: 2, refused: [expect.stringMatching(/3 pods would be hurt/)] });
  });
});

it('a run that is over, or was undone, makes room for the next one at once', async () => {
  await startWith({ ceilings: { maxTargets: 1 } });
  for (const name of names.slice(0, 3)) {
    await create(name, '1s');
    await machine.untilDone(name);
  }
  expect((await outcomes()).map((status) => status?.verdict)).toEqual(['Passed', 'Passed', 'Passed']);
}, 60_000);

it('a run that is deleted makes room once its lease is over: nobody tells before whether its undo is proven', async () => {
  await startWith({ ceilings: { maxTargets: 1 } });
  await create('web-0');
  await machine.untilPhase('web-0', 'during');
  await machine.store.delete(experiments, { namespace: 'shop', name: 'web-0' });
  while (machine.forgotten.length === 0) await systemClock.sleep(20);
  await create('web-1');
  expect((await machine.untilDone('web-1')).status).toMatchObject({ verdict: 'Refused', reason: 'BlastRadiusExceeded' });
  await systemClock.sleep(leaseMs);
  await create('web-2');
  expect((await machine.untilPhase('web-2', 'during')).status?.targetCount).toBe(1);
}, 60_000);
