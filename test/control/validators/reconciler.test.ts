import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiVersion, type CheckResult, type NodeTask, validatorUidLabel } from '../../../src/api/index.ts';
import { nodes, nodeTasks, type ValidatorObject, validators } from '../../../src/control/index.ts';
import type { NodeOutcomeChange } from '../../../src/control/validators/reconciler.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { judgeQdisc } from '../../../src/preflight/index.ts';
import type { Stored } from '../../../src/store/index.ts';
import { type Machine, startMachine } from '../machine.ts';

const noNetem = 'Error: Specified qdisc kind is unknown.';

describe('a validator in the store', () => {
  let machine: Machine;
  let able: Set<string>;
  const changes: NodeOutcomeChange[] = [];
  const asked: string[] = [];

  beforeEach(async () => {
    able = new Set(['worker-1']);
    changes.length = 0;
    asked.length = 0;
    machine = await startMachine(undefined, { onNodeOutcome: (change) => changes.push(change) });
    machine.found = ({ metadata, spec }: NodeTask) => {
      if (!asked.includes(metadata.name)) asked.push(metadata.name);
      const ok = able.has(spec.node);
      return spec.checks?.flatMap((check): CheckResult[] =>
        check.check === 'qdisc' ? [judgeQdisc(check, { ok, message: ok ? '' : noNetem })] : [],
      );
    };
    for (const name of ['worker-1', 'worker-2']) await addNode(name);
  });
  afterEach(async () => {
    await machine.stop();
  });

  const addNode = async (name: string) =>
    await machine.store.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: {} });
  const define = async (spec: object) =>
    await machine.store.create(validators, { apiVersion, kind: 'NetworkModulesValidator', metadata: { name: 'netem' }, spec });
  async function until(holds: (object: Stored<ValidatorObject>) => boolean): Promise<Stored<ValidatorObject>> {
    for (;;) {
      const object = await machine.store.get(validators, { name: 'netem' });
      if (holds(object)) return object;
      await systemClock.sleep(20);
    }
  }
  const isOver = ({ status, metadata }: Stored<ValidatorObject>) =>
    status?.observedGeneration === metadata.generation && status?.round === undefined;
  const outcomes = ({ status }: ValidatorObject) => status?.nodes.map(({ node, outcome }) => [node, outcome]);

  it('says the truth of two nodes of different ability, once, and tells of each', async () => {
    await define({ qdiscs: ['netem'] });
    const object = await until(isOver);
    expect(outcomes(object)).toEqual([
      ['worker-1', 'Valid'],
      ['worker-2', 'Invalid'],
    ]);
    expect(object.status?.summary).toBe('1/2');
    expect(object.status?.nodes[1]?.checks).toEqual([
      {
        name: 'qdisc netem',
        ok: false,
        expected: 'the kernel has the queueing discipline netem',
        found: `the kernel has none: ${noNetem}`,
        remedy: expect.stringContaining('modprobe sch_netem') as string,
      },
    ]);
    expect(object.status?.conditions[0]).toMatchObject({ type: 'Valid', status: 'False' });
    while (changes.length < 2) await systemClock.sleep(20);
    expect(changes.map(({ node, before }) => [node.node, before, node.outcome])).toEqual([
      ['worker-1', undefined, 'Valid'],
      ['worker-2', undefined, 'Invalid'],
    ]);
    await systemClock.sleep(500);
    expect((await machine.store.list(nodeTasks, { labelSelector: validatorUidLabel })).items).toEqual([]);
    expect(asked).toHaveLength(2);
  });

  it('looks again at all when its spec changes, at a new node alone, and forgets one that has gone', async () => {
    await define({ qdiscs: ['netem'] });
    const first = await until(isOver);
    able.add('worker-2');
    await machine.store.update(validators, { ...first, spec: { qdiscs: ['netem'], modules: ['sch_netem'] } });
    const second = await until((object) => object.status?.observedGeneration === 2 && isOver(object));
    expect(second.status?.summary).toBe('2/2');
    while (changes.length < 3) await systemClock.sleep(20);
    expect(changes.at(-1)).toMatchObject({ node: { node: 'worker-2', outcome: 'Valid' }, before: 'Invalid' });
    await addNode('worker-3');
    const third = await until(({ status }) => status?.nodes.length === 3);
    expect(outcomes(third)?.[2]).toEqual(['worker-3', 'Invalid']);
    expect(asked).toHaveLength(5);
    await machine.store.delete(nodes, { name: 'worker-3' });
    expect((await until(({ status }) => status?.nodes.length === 2)).status?.summary).toBe('2/2');
  });

  it('goes on with a round that another control process began', async () => {
    machine.silent = () => true;
    await define({ qdiscs: ['netem'], nodeNames: ['worker-1', 'nowhere'] });
    await until(({ status }) => status?.round !== undefined);
    await machine.restartControl();
    machine.silent = () => false;
    const object = await until(isOver);
    expect(outcomes(object)).toEqual([
      ['nowhere', 'Unknown'],
      ['worker-1', 'Valid'],
    ]);
    expect(object.status?.rounds).toBe(1);
  });

  it('has sysctls set before it looks, for as long as it enforces', async () => {
    const works: string[] = [];
    const { found } = machine;
    machine.found = (task) => {
      if (!works.includes(task.spec.work)) works.push(task.spec.work);
      return found(task);
    };
    const spec = { sysctls: { 'net.ipv4.ip_forward': 1 }, sysctlRules: [{ name: 'net.core.somaxconn', atLeast: 1 }] };
    await define({ ...spec, nodeNames: ['worker-1'], enforce: true });
    const object = await until(isOver);
    expect(works).toEqual(['enforce', 'preflight']);
    expect(object.status?.conditions.find(({ type }) => type === 'Enforced')?.status).toBe('True');
    const tasks = async () => (await machine.store.list(nodeTasks, { labelSelector: validatorUidLabel })).items;
    await expect.poll(async () => (await tasks()).map((task) => task.spec.work)).toEqual(['enforce']);
    expect((await tasks())[0]?.spec.sysctls).toEqual([{ sysctl: 'net.ipv4.ip_forward', value: '1' }]);
    const { metadata } = await machine.store.get(validators, { name: 'netem' });
    await machine.store.update(validators, { ...object, metadata, spec: { ...spec, nodeNames: ['worker-1'], enforce: false } });
    await until((one) => one.status?.observedGeneration === 2 && isOver(one));
    await expect.poll(tasks).toEqual([]);
  });

  it('leaves no task behind when it is deleted in the middle of a round', async () => {
    machine.silent = () => true;
    await define({ qdiscs: ['netem'] });
    const tasks = async () => (await machine.store.list(nodeTasks, { labelSelector: validatorUidLabel })).items.length;
    while ((await tasks()) < 2) await systemClock.sleep(20);
    await machine.store.delete(validators, { name: 'netem' });
    while ((await tasks()) > 0) await systemClock.sleep(20);
    expect(machine.errors.filter((error) => !String(error).includes('Conflict'))).toEqual([]);
  });
});
