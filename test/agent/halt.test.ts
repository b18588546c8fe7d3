import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { halts } from '../../src/agent/run-agent.ts';
import { SquallError } from '../../src/lib/index.ts';
import { createFakeKernel, type FakeKernel } from './fake-kernel.ts';
import { type Bench, createBench, faultTask, nodeTasks, phasesAre, putLease, statusUntil } from './support.ts';

let bench: Bench;
let kernel: FakeKernel;

beforeEach(async () => {
  bench = await createBench();
  kernel = createFakeKernel(bench.clock, (path) => [...bench.namespaces.values()].find((one) => one.path === path)?.inode ?? 0);
});
afterEach(async () => {
  await bench.close();
});

async function halt(): Promise<void> {
  const spec = { reason: 'the pager rang', by: 'ada' };
  await bench.store.create(halts, { apiVersion: halts.apiVersion, kind: halts.kind, metadata: { name: 'halt' }, spec });
}

const resume = () => bench.store.delete(halts, { name: 'halt' });
const said = expect.stringMatching(
  /^everything is halted by ada since \S+Z: the pager rang; 'squall resume' ends that$/,
) as string;

describe('an agent while everything is halted', () => {
  it('undoes every fault though nobody orders it, all gates first, and says who halted it and why', async () => {
    await putLease(bench);
    const [one, other] = [faultTask(bench, [bench.addPod(), bench.addPod()]), faultTask(bench, [bench.addPod()])];
    bench.startAgent(kernel);
    for (const task of [one, other]) await bench.store.create(nodeTasks, task);
    await statusUntil(bench, one, phasesAre('Active', 'Active'));
    await statusUntil(bench, other, phasesAre('Active'));
    await halt();
    const { targets, residue } = await statusUntil(bench, one, phasesAre('Clean', 'Clean'));
    expect(targets).toMatchObject(Array(2).fill({ reason: 'Halted', message: said }));
    expect(residue).toBe(0);
    expect(targets.every(({ cleanAt, undoneAt }) => cleanAt !== undefined && undoneAt !== undefined)).toBe(true);
    await statusUntil(bench, other, phasesAre('Clean'));
    const undo = kernel.names().filter((name) => name === 'close' || name === 'remove');
    expect(undo.filter((name) => name === 'close')).toHaveLength(3);
    expect(kernel.prepared.size).toBe(0);
    expect(kernel.names().lastIndexOf('renew')).toBeLessThan(kernel.names().indexOf('close'));
  });

  it('begins nothing, and nothing that was ended or not begun is begun when that is over', async () => {
    await putLease(bench);
    await halt();
    bench.startAgent(kernel);
    const task = faultTask(bench, [bench.addPod()]);
    await bench.store.create(nodeTasks, task);
    const { targets } = await statusUntil(bench, task, phasesAre('Clean'));
    expect(targets).toMatchObject([{ reason: 'Halted', message: said }]);
    await resume();
    const next = faultTask(bench, [bench.addPod()]);
    await bench.store.create(nodeTasks, next);
    await statusUntil(bench, next, phasesAre('Active'));
    expect(kernel.of('prepare')).toHaveLength(1);
    expect(kernel.of('commit')).toHaveLength(1);
  });

  it('commits nothing that was being prepared when the lever was pulled, and removes it', async () => {
    await putLease(bench);
    const task = faultTask(bench, [bench.addPod()]);
    const agent = bench.startAgent(kernel);
    kernel.before.prepare = async () => {
      await halt();
      while (!agent.log.some((line) => line.includes('everything is undone'))) await bench.clock.sleep(10);
    };
    await bench.store.create(nodeTasks, task);
    const { targets } = await statusUntil(bench, task, phasesAre('Clean'));
    expect(targets).toMatchObject([{ reason: 'Halted' }]);
    expect(kernel.of('commit')).toEqual([]);
    expect(kernel.prepared.size).toBe(0);
  });

  it('begins nothing before it has read whether somebody halts', async () => {
    await putLease(bench);
    const list: typeof bench.store.list = async (resource, options) => {
      if (resource.plural === halts.plural) throw new SquallError('PermissionDenied', 'networkhalts is forbidden');
      return await bench.store.list(resource, options);
    };
    bench.startAgent(kernel, { store: { ...bench.store, list } });
    const task = faultTask(bench, [bench.addPod()], { lease: { name: 'run-lease', seconds: 5 } });
    await bench.store.create(nodeTasks, task);
    const { targets } = await statusUntil(bench, task, phasesAre('Refused'));
    expect(targets).toMatchObject([{ reason: 'HaltUnknown' }]);
    expect(targets[0]?.message).toMatch(/get, list and watch networkhalts/);
    expect(kernel.of('prepare')).toEqual([]);
  });
});
