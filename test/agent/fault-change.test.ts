import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fault, FaultWork, NodeTask, NodeTaskStatus } from '../../src/api/index.ts';
import { codeOf } from '../../src/lib/index.ts';
import { createFakeKernel, type FakeKernel } from './fake-kernel.ts';
import { type Bench, createBench, faultTask, nodeTasks, orderUndo, phasesAre, putLease, statusUntil } from './support.ts';

let bench: Bench;
let kernel: FakeKernel;

beforeEach(async () => {
  bench = await createBench();
  kernel = createFakeKernel(bench.clock, (path) => [...bench.namespaces.values()].find((one) => one.path === path)?.inode ?? 0);
});
afterEach(async () => {
  await bench.close();
});

const loss = (percent: number): Fault => ({ type: 'loss', percent, burst: 1 });
const stepsAt = (...times: number[]) => times.map((atMs, index) => ({ atMs, effect: loss(40 + index) }));

async function startFault(fault: Partial<FaultWork>, pods = 1): Promise<NodeTask> {
  await putLease(bench, 600);
  const uids = Array.from({ length: pods }, () => bench.addPod());
  const task = faultTask(bench, uids, { lease: { name: 'run-lease', seconds: 600 } }, fault);
  bench.startAgent(kernel);
  await bench.store.create(nodeTasks, task);
  await statusUntil(bench, task, phasesAre(...uids.map(() => 'Active')));
  return task;
}

const first = ({ targets: [target] }: NodeTaskStatus) => target;
const calls = (...names: string[]) => kernel.names().filter((name) => names.includes(name));

/** Another specification of the fault, as a controller writes it. */
async function ask(task: NodeTask, fault: Partial<FaultWork>): Promise<void> {
  for (;;) {
    const current = await bench.store.get(nodeTasks, { namespace: 'squall-system', name: task.metadata.name });
    const { spec } = current;
    if (spec.fault === undefined) throw new Error('the task has no fault');
    const next = { ...spec, generation: spec.generation + 1, fault: { ...spec.fault, ...fault } };
    try {
      await bench.store.update(nodeTasks, { ...current, spec: next });
      return;
    } catch (error) {
      if (codeOf(error) !== 'Conflict') throw error;
    }
  }
}

describe('a fault with steps', () => {
  it('has each version prepared beside the one that acts, exchanged, and the old one removed', async () => {
    const task = await startFault({ steps: stepsAt(2000, 4000) });
    const status = await statusUntil(bench, task, (one) => first(one)?.step === 2);
    expect(first(status)).toMatchObject({
      phase: 'Active',
      pastSteps: [
        { step: 0, effect: loss(30), dose: { ok: true } },
        { step: 1, effect: loss(40) },
      ],
    });
    while (kernel.of('remove').length < 2) await kernel.next('remove');
    expect(calls('prepare', 'commit', 'exchange', 'remove', 'close')).toEqual([
      ...['prepare', 'commit'],
      ...['prepare', 'exchange', 'remove'],
      ...['prepare', 'exchange', 'remove'],
    ]);
    expect(kernel.prepared.size).toBe(1);
    const exchanged = kernel.of('exchange').map(({ at }) => at - (kernel.of('commit')[0]?.at ?? 0));
    for (const [index, time] of exchanged.entries()) expect(time).toBeGreaterThanOrEqual(2000 * (index + 1));
    await orderUndo(bench, task);
    await statusUntil(bench, task, phasesAre('Clean'));
    expect(kernel.prepared).toEqual(new Set());
  });

  it('adds up what its versions have counted', async () => {
    const task = await startFault({ steps: stepsAt(2000) });
    const status = await statusUntil(bench, task, (one) => first(one)?.counters?.packets === 2000);
    expect(first(status)).toMatchObject({ counters: { packets: 2000, bytes: 168_000, drops: 600 }, exposure: { h: 14 } });
  });

  it('is renewed by the version that acts', async () => {
    await putLease(bench, 600);
    const uid = bench.addPod();
    const task = faultTask(bench, [uid], { lease: { name: 'run-lease', seconds: 6 } }, { steps: stepsAt(1000, 3000, 5000) });
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, (one) => first(one)?.step === 3);
    while (kernel.of('renew').length < 3) await kernel.next('renew');
    expect((await statusUntil(bench, task, () => true)).targets[0]).toMatchObject({ phase: 'Active', renewals: { failed: 0 } });
  });

  it.each([
    { call: 'prepare', message: 'TooManyOverlaps: no band is left', reason: 'KernelRefused' },
    { call: 'exchange', message: 'LeaseExpired: too late', reason: 'LeaseExpired' },
    { call: 'exchange', message: 'GateGone: somebody removed it', reason: 'FaultGone' },
    { call: 'remove', message: 'NotAsPlanned: it is still there', reason: 'KernelRefused' },
  ] as const)('is undone whole when its $call fails with $message', async ({ call, message, reason }) => {
    let fails = false;
    kernel.fail[call] = () => (fails ? message : undefined);
    const task = await startFault({ steps: stepsAt(2000) });
    fails = true;
    await kernel.next(call);
    await statusUntil(bench, task, (one) => first(one)?.reason === reason);
    fails = false;
    const status = await statusUntil(bench, task, phasesAre('Clean'));
    expect(first(status)).toMatchObject({ phase: 'Clean', reason, message });
    expect(kernel.prepared).toEqual(new Set());
  });

  it('is Lost where its namespace goes while it changes', async () => {
    let pod = '';
    kernel.fail.exchange = (podUid) => {
      pod = podUid;
      bench.namespaces.delete(podUid);
      return 'CleanUpIncomplete: there is no such namespace';
    };
    const task = await startFault({ steps: stepsAt(2000) });
    const status = await statusUntil(bench, task, phasesAre('Lost'));
    expect(pod).toBe(first(status)?.podUid);
    expect(first(status)?.reason).toBe('NamespaceGone');
    expect(kernel.prepared).toEqual(new Set());
  });

  it.each(['prepare', 'exchange', 'read', 'remove'])(
    'that is ordered to end while it changes leaves nothing: at its %s',
    async (call) => {
      const task = await startFault({ steps: stepsAt(2000) });
      await kernel.next('prepare');
      if (call !== 'prepare') await kernel.next(call);
      await orderUndo(bench, task);
      await statusUntil(bench, task, phasesAre('Clean'));
      expect(kernel.prepared).toEqual(new Set());
      expect(kernel.names().slice(kernel.names().lastIndexOf('close'))).not.toContain('exchange');
    },
  );
});

describe('a fault that pulses', () => {
  it('closes its gate to rest and commits to act, in turns, and renews nothing meanwhile', async () => {
    const task = await startFault({ pulse: { activeMs: 3000, idleMs: 2000 } });
    expect(first(await statusUntil(bench, task, (one) => first(one)?.resting === true))?.phase).toBe('Active');
    await statusUntil(bench, task, (one) => first(one)?.resting === false);
    while (kernel.of('close').length < 2) await kernel.next('close');
    expect(calls('commit', 'close', 'renew', 'prepare')).toEqual(['prepare', 'commit', 'close', 'commit', 'close']);
    const [began = 0, again = 0] = kernel.of('commit').map(({ at }) => at);
    const [rested = 0] = kernel.of('close').map(({ at }) => at);
    expect(rested - began).toBeGreaterThanOrEqual(3000 - 50);
    expect(again - rested).toBeGreaterThanOrEqual(2000 - 50);
  });

  it('is renewed whenever it acts for longer than its lease', { timeout: 20_000 }, async () => {
    await putLease(bench, 600);
    const lease = { name: 'run-lease', seconds: 6 };
    const task = faultTask(bench, [bench.addPod()], { lease }, { pulse: { activeMs: 8000, idleMs: 7000 } });
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, task);
    while (kernel.of('close').length < 2) await kernel.next('close');
    expect(calls('prepare', 'commit', 'close')).toEqual(['prepare', 'commit', 'close', 'commit', 'close']);
    expect(first(await statusUntil(bench, task, () => true))).toMatchObject({ phase: 'Active', renewals: { failed: 0 } });
  });

  it('rests in time though packets of the version before are still on their way', async () => {
    const remove = kernel.remove.bind(kernel);
    kernel.remove = async (namespace, id) => {
      await bench.clock.sleep(10_000);
      return await remove(namespace, id);
    };
    await startFault({ pulse: { activeMs: 4000, idleMs: 2000 }, steps: stepsAt(2000) });
    await kernel.next('exchange');
    const { at } = await kernel.next('close');
    expect(at - (kernel.of('commit')[0]?.at ?? 0)).toBeLessThan(8000);
    expect(calls('remove')).toEqual([]);
  });

  it('takes its next step while it rests, without a lease', async () => {
    const task = await startFault({ pulse: { activeMs: 1000, idleMs: 4000 }, steps: stepsAt(2000) });
    await statusUntil(bench, task, (one) => first(one)?.step === 1 && first(one)?.resting === true);
    await statusUntil(bench, task, (one) => first(one)?.resting === false);
    expect(calls('commit', 'close', 'exchange').slice(0, 3)).toEqual(['commit', 'close', 'commit']);
  });
});

describe('a fault whose peers come and go', () => {
  it('takes the peers that are asked for, and keeps its step', async () => {
    const task = await startFault({ steps: stepsAt(1000), peers: { ipv4: ['10.0.0.1'], ipv6: [] } });
    await statusUntil(bench, task, (one) => first(one)?.step === 1);
    await ask(task, { peers: { ipv4: ['10.0.0.1', '10.0.0.2'], ipv6: [] } });
    while (kernel.of('exchange').length < 2) await kernel.next('exchange');
    while (kernel.of('remove').length < 2) await kernel.next('remove');
    expect(kernel.prepared.size).toBe(1);
    expect(first(await statusUntil(bench, task, ({ observedGeneration }) => observedGeneration === 2))?.step).toBe(1);
  });

  it('keeps those it has while others cannot be planned beside what is there, and tries again', async () => {
    let refused = 0;
    const task = await startFault({ peers: { ipv4: ['10.0.0.1'], ipv6: [] } });
    kernel.fail.prepare = () => (refused++ < 2 ? 'NotComposable: only some packets of the rate would meet' : undefined);
    await ask(task, { peers: { ipv4: ['10.0.0.2'], ipv6: [] } });
    while (kernel.of('exchange').length < 1) await kernel.next('exchange');
    while (kernel.of('remove').length < 1) await kernel.next('remove');
    expect(calls('prepare', 'exchange', 'close', 'remove')).toEqual([
      'prepare',
      'prepare',
      'prepare',
      'prepare',
      'exchange',
      'remove',
    ]);
    expect(first(await statusUntil(bench, task, () => true))?.phase).toBe('Active');
    expect(kernel.prepared.size).toBe(1);
  });

  it('keeps the dose that it has shown where later versions meet too little to show one', async () => {
    const read = kernel.read.bind(kernel);
    kernel.read = async (namespace, id) => ({ ...(await read(namespace, id)), ...(id.includes('v') ? { drops: 0 } : {}) });
    const task = await startFault({ peers: { ipv4: ['10.0.0.1'], ipv6: [] } });
    await statusUntil(bench, task, (one) => first(one)?.dose?.ok === true);
    await ask(task, { peers: { ipv4: ['10.0.0.2'], ipv6: [] } });
    while (kernel.of('remove').length < 1) await kernel.next('remove');
    bench.clock.jump(10_000);
    const readings = kernel.of('read').length;
    while (kernel.of('read').length < readings + 2) await kernel.next('read');
    expect(first(await statusUntil(bench, task, () => true))?.dose).toMatchObject({ ok: true });
  });

  it('rests while there are none, and acts on those that come', async () => {
    const task = await startFault({ peers: { ipv4: ['10.0.0.1'], ipv6: [] } });
    await ask(task, { peers: { ipv4: [], ipv6: [] } });
    await statusUntil(bench, task, (one) => first(one)?.resting === true);
    await ask(task, { peers: { ipv4: ['10.0.0.2'], ipv6: [] } });
    await statusUntil(bench, task, (one) => first(one)?.resting === false);
    while (kernel.of('remove').length < 1) await kernel.next('remove');
    expect(calls('prepare', 'commit', 'close', 'exchange', 'remove')).toEqual([
      ...['prepare', 'commit', 'close'],
      ...['prepare', 'remove', 'commit'],
    ]);
  });

  it.each([{ direction: 'both' }, { device: 'eth1' }, { id: 'another' }] as const)('does not take %o', async (other) => {
    const task = await startFault({});
    await ask(task, other);
    await statusUntil(bench, task, ({ observedGeneration }) => observedGeneration === 2);
    expect(calls('prepare')).toHaveLength(1);
  });
});
