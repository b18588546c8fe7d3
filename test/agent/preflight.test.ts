import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PreflightCheck } from '../../src/api/index.ts';
import { systemClock } from '../../src/lib/index.ts';
import { createFakeKernel, type FakeKernel } from './fake-kernel.ts';
import { type Bench, createBench, faultTask, nodeTasks, phasesAre, putLease, statusUntil } from './support.ts';

const isRoot = process.getuid?.() === 0;

describe.skipIf(!isRoot)('a preflight task', () => {
  let bench: Bench;
  let kernel: FakeKernel;
  beforeEach(async () => {
    bench = await createBench();
    kernel = createFakeKernel(bench.clock, () => [...bench.namespaces.values()][0]?.inode ?? 0);
  });
  afterEach(async () => {
    await bench.close();
  });

  const resultsOf = async (podUid: string, checks: PreflightCheck[]) => {
    const task = faultTask(bench, [podUid], { work: 'preflight', fault: undefined, checks });
    await bench.store.create(nodeTasks, task);
    return (await statusUntil(bench, task, phasesAre('Clean'))).checks ?? [];
  };

  it('measures what renewals take on the node, and refuses a lease that is too short for so many', async () => {
    bench.startAgent(kernel);
    const results = await resultsOf(bench.addPod(), [
      { check: 'lease', seconds: 3600, targets: 1 },
      { check: 'lease', seconds: 3, targets: 1_000_000 },
    ]);
    expect(results.map(({ ok }) => ok)).toEqual([true, false]);
    expect(results[1]?.found).toMatch(/renewing them takes [1-9]\d+ ms/);
  });

  it('names the runs whose faults a new fault would meet, and touches nothing', async () => {
    await putLease(bench);
    const [pod, gone] = [bench.addPod(), 'gone'];
    const running = faultTask(bench, [pod], { run: { uid: 'other', namespace: 'shop', name: 'nightly-7' } });
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, running);
    await statusUntil(bench, running, phasesAre('Active'));
    const { fault } = running.spec;
    kernel.tryComposition = () => Promise.resolve({ refusal: 'TooManyOverlaps: no', meets: [fault?.id ?? '', 'unknown'] });
    const applied = () => kernel.names().filter((name) => name === 'prepare' || name === 'commit');
    const before = applied();
    const [result] = await resultsOf(pod, fault === undefined ? [] : [{ check: 'composition', podUids: [pod, gone], fault }]);
    expect(result?.ok).toBe(false);
    expect(result?.found).toBe(
      `pod ${pod}: TooManyOverlaps: no; it would meet shop/nightly-7, unknown | pod gone: the pod has no network namespace on this node`,
    );
    expect(applied()).toEqual(before);
  });

  it('tries each capability once, though several checks need it', async () => {
    const tried = () => readFile(join(bench.folder, 'capabilities.json'), 'utf8');
    bench.startAgent(kernel);
    const check: PreflightCheck = { check: 'capability', capability: 'nft-set-timeout' };
    const results = await resultsOf(bench.addPod(), [check, check]);
    expect(results.map(({ ok }) => ok)).toEqual([true, true]);
    expect(JSON.parse(await tried())).toMatchObject({ able: ['nft-set-timeout'] });
  });

  it('gives no answer where it is ended in the middle: some of the checks are not all', async () => {
    const [begun, held] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    kernel.tryComposition = async () => {
      begun.resolve(undefined);
      await held.promise;
      return { meets: [] };
    };
    bench.startAgent(kernel);
    const pod = bench.addPod();
    const { fault } = faultTask(bench, [pod]).spec;
    const checks: PreflightCheck[] = [
      { check: 'capability', capability: 'nft-set-timeout' },
      ...(fault === undefined ? [] : [{ check: 'composition' as const, podUids: [pod], fault }]),
    ];
    const task = faultTask(bench, [pod], { work: 'preflight', fault: undefined, checks });
    const created = await bench.store.create(nodeTasks, task);
    await begun.promise;
    await bench.store.update(nodeTasks, { ...created, spec: { ...created.spec, order: 'undo', generation: 2 } });
    await systemClock.sleep(500);
    held.resolve(undefined);
    expect((await statusUntil(bench, task, phasesAre('Clean'))).checks).toBeUndefined();
  });

  it('says of what it is not able to look at why, and refuses', async () => {
    bench.startAgent(kernel);
    const pod = bench.addPod();
    const [result] = await resultsOf(pod, [{ check: 'ip-stack', podUids: [pod], device: 'eth0' }]);
    expect(result).toMatchObject({ ok: false, expected: 'the check can be made' });
    expect(result?.found).toContain('NamespaceGone');
  });
});
