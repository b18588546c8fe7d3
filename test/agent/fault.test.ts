import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { leases } from '../../src/agent/run-agent.ts';
import { nodeLabel, type NodeTask, shortNodeName } from '../../src/api/index.ts';
import { SquallError } from '../../src/lib/index.ts';
import type { Store } from '../../src/store/index.ts';
import { createFakeKernel, type FakeKernel } from './fake-kernel.ts';
import {
  type Bench,
  createBench,
  faultTask,
  nodeTasks,
  orderUndo,
  phasesAre,
  putLease,
  statusUntil,
  writeLease,
} from './support.ts';

let bench: Bench;
let kernel: FakeKernel;

beforeEach(async () => {
  bench = await createBench();
  kernel = createFakeKernel(bench.clock, (path) => [...bench.namespaces.values()].find((one) => one.path === path)?.inode ?? 0);
});
afterEach(async () => {
  await bench.close();
});

const stored = (name: string) => bench.store.get(nodeTasks, { namespace: 'squall-system', name });

describe('a fault task', () => {
  it('is swept for first, persisted as Applying before anything is prepared, and Active once the lease is committed', async () => {
    await putLease(bench);
    const task = faultTask(bench, [bench.addPod()]);
    const persisted: unknown[] = [];
    kernel.before.prepare = async () => {
      persisted.push((await stored(task.metadata.name)).status?.targets.map(({ phase }) => phase));
    };
    // A write that takes its time: whoever does not wait for it prepares too early.
    const updateStatus: typeof bench.store.updateStatus = async (...args) => {
      await bench.clock.sleep(500);
      return await bench.store.updateStatus(...args);
    };
    bench.startAgent(kernel, { store: { ...bench.store, updateStatus } });
    await bench.store.create(nodeTasks, task);
    const status = await statusUntil(bench, task, (one) => phasesAre('Active')(one) && one.targets[0]?.counters !== undefined);
    expect(persisted).toEqual([['Applying']]);
    expect(
      kernel
        .names()
        .filter((name) => name !== 'read')
        .slice(0, 4),
    ).toEqual(['sweep', 'open', 'prepare', 'commit']);
    expect(status).toMatchObject({
      observedGeneration: 1,
      residue: 0,
      targets: [
        { phase: 'Active', driver: 'netem', counters: { packets: 1000, drops: 300 }, exposure: { h: 7 }, dose: { ok: true } },
      ],
    });
    expect(status.targets[0]?.activeAt).toBeDefined();
  });

  it('is undone by order: every gate is closed before anything is removed, and both instants are told', async () => {
    await putLease(bench);
    const task = faultTask(bench, [bench.addPod(), bench.addPod(), bench.addPod()]);
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, phasesAre('Active', 'Active', 'Active'));
    await orderUndo(bench, task);
    const { targets, residue } = await statusUntil(bench, task, phasesAre('Clean', 'Clean', 'Clean'));
    const undo = kernel.names().filter((name) => name === 'close' || name === 'remove');
    expect(undo).toEqual(['close', 'close', 'close', 'remove', 'remove', 'remove']);
    expect(residue).toBe(0);
    for (const { cleanAt, undoneAt, reason } of targets) {
      expect(reason).toBeUndefined();
      expect(Date.parse(cleanAt ?? '')).toBeLessThanOrEqual(Date.parse(undoneAt ?? ''));
    }
    expect(kernel.prepared.size).toBe(0);
    // The last call of all: nothing renews what was undone.
    expect(kernel.names().lastIndexOf('renew')).toBeLessThan(kernel.names().indexOf('close'));
  });

  it('is done by the node that it is for, however long its name, and by no other whose name begins the same', async () => {
    const [node, other] = ['a', 'b'].map((end) => `${'n'.repeat(100)}-${end}`);
    await putLease(bench);
    const task = faultTask(bench, [bench.addPod()], { node });
    const labels = { [nodeLabel]: shortNodeName(node ?? '') };
    // The Lease is made when the first agent watches: an agent that begins later would only find it.
    bench.startAgent(kernel, { node });
    const { log } = bench.startAgent(kernel, { node: other, stateFolder: join(bench.folder, 'other') });
    await bench.store.create(nodeTasks, { ...task, metadata: { ...task.metadata, labels } });
    expect(await statusUntil(bench, task, phasesAre('Active'))).toMatchObject({ residue: 0 });
    const heartbeats = await bench.store.list(leases, { namespace: 'squall-system', labelSelector: nodeLabel });
    expect(heartbeats.items.map(({ metadata }) => metadata.name).sort()).toEqual(
      [node, other].map((one) => `squall-agent-${one}`),
    );
    expect(log.join()).not.toContain('task is not for this agent');
  });

  it('is undone when it is deleted', async () => {
    await putLease(bench);
    const task = faultTask(bench, [bench.addPod()]);
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, phasesAre('Active'));
    const removed = kernel.next('remove');
    await bench.store.delete(nodeTasks, { namespace: 'squall-system', name: task.metadata.name });
    await removed;
    expect(kernel.of('close')).toHaveLength(1);
  });

  it('is undone by itself when its Lease is not renewed, and the kernel was never given longer than the Lease had left', async () => {
    const task = faultTask(bench, [bench.addPod()]);
    bench.startAgent(kernel);
    let leaseEnd = Infinity;
    await bench.whenWatched(async () => {
      await putLease(bench, 30);
      leaseEnd = bench.clock.monotonic() + 30_000;
    });
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, phasesAre('Active'));
    for (let step = 0; step < 2; step += 1) {
      bench.clock.jump(9000);
      await kernel.next('read');
    }
    bench.clock.jump(12_000);
    const { targets } = await statusUntil(bench, task, phasesAre('Clean'));
    expect(targets[0]?.reason).toBe('LeaseExpired');
    for (const { at, timeoutMs = 0 } of [...kernel.of('commit'), ...kernel.of('renew')])
      expect(at + timeoutMs).toBeLessThanOrEqual(leaseEnd + 100);
  });

  it('waits for a renewal of the Lease when that was only found, of whatever age, and is Refused when none comes', async () => {
    await writeLease(bench, 30, 'run-lease');
    await writeLease(bench, 30, 'renewed');
    const refused = faultTask(bench, [bench.addPod()]);
    const begun = faultTask(bench, [bench.addPod()], { lease: { name: 'renewed', seconds: 30 } });
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, refused);
    await bench.store.create(nodeTasks, begun);
    await bench.whenWatched(async () => {
      await bench.clock.sleep(2000);
      expect(kernel.of('prepare')).toEqual([]);
      await putLease(bench, 30, 'renewed');
    });
    await statusUntil(bench, begun, phasesAre('Active'));
    bench.clock.jump(31_000);
    const { targets } = await statusUntil(bench, refused, phasesAre('Refused'));
    expect(targets[0]?.reason).toBe('LeaseExpired');
    expect(kernel.of('prepare')).toHaveLength(1);
  });

  it.each([-6, 6])('is held, and ended, by the Lease though its renewer’s clock is %i hours off', async (hours) => {
    const renew = async () => {
      await writeLease(bench, 30, 'run-lease', hours * 3_600_000);
    };
    const task = faultTask(bench, [bench.addPod()]);
    bench.startAgent(kernel);
    await bench.whenWatched(renew);
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, phasesAre('Active'));
    for (let step = 0; step < 4; step += 1) {
      const renewed = kernel.next('renew');
      bench.clock.jump(10_000);
      await renew();
      expect((await renewed).timeoutMs).toBeGreaterThan(9_000);
    }
    bench.clock.jump(31_000);
    const { targets } = await statusUntil(bench, task, phasesAre('Clean'));
    expect(targets[0]?.reason).toBe('LeaseExpired');
  });

  it('is held as long as its Lease is renewed', async () => {
    await putLease(bench);
    const task = faultTask(bench, [bench.addPod()]);
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, phasesAre('Active'));
    let heldUntil = 0;
    for (let step = 0; step < 6; step += 1) {
      const renewed = kernel.next('renew');
      bench.clock.jump(10_000);
      await putLease(bench);
      const { at, timeoutMs = 0 } = await renewed;
      if (step > 0) expect(heldUntil).toBeGreaterThan(at);
      heldUntil = at + timeoutMs;
    }
    expect((await stored(task.metadata.name)).status?.targets[0]?.phase).toBe('Active');
  });

  it('is undone when the API server is away for a lease, and says so when it is back', async () => {
    await putLease(bench, 30);
    const task = faultTask(bench, [bench.addPod()]);
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, phasesAre('Active'));
    await bench.stopServer();
    const removed = kernel.next('remove');
    bench.clock.jump(31_000);
    await removed;
    await bench.startServer();
    const { targets } = await statusUntil(bench, task, phasesAre('Clean'));
    expect(targets[0]).toMatchObject({ reason: 'LeaseExpired' });
  });

  it('ends at notAfter, which the kernel was told beforehand', async () => {
    await putLease(bench, 300);
    const task = faultTask(bench, [bench.addPod()], { notAfter: new Date(bench.clock.now() + 20_000).toISOString() });
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, phasesAre('Active'));
    expect(kernel.of('commit')[0]?.timeoutMs).toBeLessThanOrEqual(20_000);
    bench.clock.jump(20_000);
    const { targets } = await statusUntil(bench, task, phasesAre('Clean'));
    expect(targets[0]?.reason).toBe('NotAfter');
  });

  it('is undone before the agent ends', async () => {
    await putLease(bench);
    const task = faultTask(bench, [bench.addPod()]);
    const agent = bench.startAgent(kernel);
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, phasesAre('Active'));
    expect(await agent.stop()).toBe('Stopped');
    expect(kernel.prepared.size).toBe(0);
    expect((await stored(task.metadata.name)).status?.targets[0]).toMatchObject({ phase: 'Clean', reason: 'AgentStopped' });
  });

  it('is not applied again by an agent that started anew, and reported as AgentRestarted', async () => {
    await putLease(bench);
    const created = await bench.store.create(nodeTasks, faultTask(bench, [bench.addPod(), bench.addPod()]));
    const since = new Date().toISOString();
    const targets = created.spec.targets.map(({ podUid }, index) => ({
      podUid,
      phase: index === 0 ? ('Active' as const) : ('Applying' as const),
      since,
    }));
    await bench.store.updateStatus(nodeTasks, { ...created, status: { observedGeneration: 1, targets, residue: 0 } });
    bench.startAgent(kernel);
    const status = await statusUntil(bench, created, phasesAre('Clean', 'Clean'));
    expect(status.targets.map(({ reason, undoneAt }) => [reason, undoneAt !== undefined])).toEqual([
      ['AgentRestarted', true],
      ['AgentRestarted', true],
    ]);
    expect(kernel.names()).toEqual(['sweep']);
  });

  it('of a former life is not called Clean, and none is applied, until the sweep has left nothing', async () => {
    await putLease(bench);
    const pod = bench.addPod();
    const before = await bench.store.create(nodeTasks, faultTask(bench, [pod]));
    const targets = [{ podUid: pod, phase: 'Active' as const, since: new Date().toISOString() }];
    await bench.store.updateStatus(nodeTasks, { ...before, status: { observedGeneration: 1, targets, residue: 0 } });
    kernel.residueOfSweep = 2;
    bench.startAgent(kernel);
    await statusUntil(bench, before, ({ residue }) => residue === 2);
    const fresh = await bench.store.create(nodeTasks, faultTask(bench, [pod]));
    await kernel.next('sweep');
    expect(kernel.names()).not.toContain('prepare');
    kernel.residueOfSweep = 0;
    bench.clock.jump(2000);
    expect(await statusUntil(bench, before, phasesAre('Clean'))).toMatchObject({ residue: 0 });
    await statusUntil(bench, fresh, phasesAre('Active'));
  });

  it('loses a target whose namespace vanishes and keeps the others', async () => {
    await putLease(bench);
    const [staying, leaving] = [bench.addPod(), bench.addPod()];
    const task = faultTask(bench, [staying, leaving]);
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, phasesAre('Active', 'Active'));
    bench.namespaces.delete(leaving);
    const { targets, residue } = await statusUntil(bench, task, phasesAre('Active', 'Lost'));
    expect(targets[1]).toMatchObject({ reason: 'NamespaceGone' });
    expect(residue).toBe(0);
  });

  it.each(['prepare', 'commit'] as const)('loses a target whose namespace vanishes as it is to be hurt (%s)', async (call) => {
    await putLease(bench);
    kernel.fail[call] = (podUid) => {
      bench.namespaces.delete(podUid);
      return 'NamespaceGone: there is no such namespace';
    };
    const task = faultTask(bench, [bench.addPod()]);
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, task);
    const { targets, residue } = await statusUntil(bench, task, phasesAre('Lost'));
    expect(targets[0]).toMatchObject({ reason: 'NamespaceGone' });
    expect([residue, kernel.prepared.size]).toEqual([0, 0]);
  });

  it.each([
    [
      'while it is held',
      (vanish: () => void) => {
        vanish();
        return Promise.resolve();
      },
    ],
    [
      'while it is undone',
      async (vanish: () => void, task: NodeTask) => {
        kernel.fail.remove = () => {
          vanish();
          return 'device busy';
        };
        await orderUndo(bench, task);
      },
    ],
  ])('does not lose a target whose namespace was not seen for a moment %s, but undoes it', async (_when, begin) => {
    await putLease(bench);
    const pod = bench.addPod();
    const task = faultTask(bench, [pod]);
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, phasesAre('Active'));
    const namespace = bench.namespaces.get(pod) ?? { path: '', inode: 0 };
    await begin(() => {
      bench.namespaces.delete(pod);
      kernel.fail.remove = () => {
        bench.namespaces.set(pod, namespace);
        return 'device busy';
      };
    }, task);
    expect((await statusUntil(bench, task, ({ residue }) => residue > 0)).targets[0]?.phase).toBe('Undoing');
    expect(kernel.prepared.size).toBe(1);
    kernel.fail.remove = () => undefined;
    bench.clock.jump(10_000);
    expect(await statusUntil(bench, task, phasesAre('Clean'))).toMatchObject({ residue: 0 });
    expect(kernel.prepared.size).toBe(0);
  });

  it('loses a target that is gone also where its ledger entry cannot be forgotten', async () => {
    await putLease(bench);
    const pod = bench.addPod();
    const task = faultTask(bench, [pod]);
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, phasesAre('Active'));
    kernel.fail.remove = () => 'the disk is full';
    bench.namespaces.delete(pod);
    expect(await statusUntil(bench, task, phasesAre('Lost'))).toMatchObject({ residue: 0 });
  });

  it('refuses a target without a namespace, and one that the kernel does not take, each with its reason', async () => {
    await putLease(bench);
    const [good, refused] = [bench.addPod(), bench.addPod()];
    kernel.fail.prepare = (podUid) => (podUid === refused ? 'foreign root qdisc htb 1:' : undefined);
    const task = faultTask(bench, [good, refused, '00000000-0000-4000-8000-000000000000']);
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, task);
    const { targets } = await statusUntil(bench, task, phasesAre('Active', 'Refused', 'Refused'));
    expect(targets[1]).toMatchObject({ reason: 'KernelRefused', message: 'foreign root qdisc htb 1:' });
    expect(targets[2]).toMatchObject({ reason: 'NamespaceNotFound' });
    expect(kernel.of('commit').every(({ podUid }) => podUid === good)).toBe(true);
  });

  it('is undone at once where the commit fails, even with every place for work taken', async () => {
    await putLease(bench);
    kernel.fail.commit = () => 'no such set';
    const task = faultTask(bench, [bench.addPod(), bench.addPod(), bench.addPod()]);
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, task);
    const { targets } = await statusUntil(bench, task, phasesAre('Clean', 'Clean', 'Clean'));
    expect(targets.map(({ reason, activeAt }) => [reason, activeAt])).toEqual(
      Array.from({ length: 3 }, () => ['KernelRefused', undefined]),
    );
  });

  it('ends with LeaseExpired when the kernel has ended it before it was renewed, and is not taken up again', async () => {
    await putLease(bench, 300);
    const task = faultTask(bench, [bench.addPod()]);
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, phasesAre('Active'));
    // As an agent that was stopped for longer than the lease, while its run's Lease was renewed.
    bench.clock.jump(31_000);
    const { targets } = await statusUntil(bench, task, phasesAre('Clean'));
    expect(targets[0]).toMatchObject({ reason: 'LeaseExpired', renewals: { done: 0, late: 0, failed: 1 } });
    expect(kernel.of('renew')).toHaveLength(1);
    expect(kernel.prepared.size).toBe(0);
  });

  it('counts its renewals, and those that came late', async () => {
    await putLease(bench, 300);
    const task = faultTask(bench, [bench.addPod()]);
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, phasesAre('Active'));
    const renewedBy = async (jumpMs: number, done: number) => {
      bench.clock.jump(jumpMs);
      const { targets } = await statusUntil(bench, task, (status) => status.targets[0]?.renewals?.done === done);
      return targets[0]?.renewals;
    };
    expect(await renewedBy(12_000, 1)).toEqual({ done: 1, late: 0, failed: 0 });
    expect(await renewedBy(25_000, 2)).toEqual({ done: 2, late: 1, failed: 0 });
  });

  it('ends with RenewalFailed when renewals fail until the kernel has ended it', async () => {
    await putLease(bench, 300);
    const task = faultTask(bench, [bench.addPod()]);
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, phasesAre('Active'));
    kernel.fail.renew = () => 'table gone';
    bench.clock.jump(31_000);
    const { targets } = await statusUntil(bench, task, phasesAre('Clean'));
    expect(targets[0]).toMatchObject({ reason: 'RenewalFailed', message: 'table gone' });
  });

  it.each(['GateGone', 'TreeGone'])('ends with FaultGone when somebody has removed it: %s', async (what) => {
    await putLease(bench, 300);
    const task = faultTask(bench, [bench.addPod()]);
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, phasesAre('Active'));
    kernel.fail.read = () => `${what}: somebody else removed it`;
    bench.clock.jump(2000);
    const { targets } = await statusUntil(bench, task, phasesAre('Clean'));
    expect(targets[0]).toMatchObject({ reason: 'FaultGone', message: `${what}: somebody else removed it` });
  });

  it('is compared with its plan every ten seconds, and ends with FaultChanged when somebody has changed it', async () => {
    await putLease(bench, 300);
    const task = faultTask(bench, [bench.addPod()]);
    bench.startAgent(kernel);
    const verified = kernel.next('verify');
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, phasesAre('Active'));
    await verified;
    const read = kernel.next('read');
    bench.clock.jump(2000);
    await read;
    expect(kernel.of('verify')).toHaveLength(1);
    kernel.differences = ['band fa17:2 of eth0 holds nothing'];
    bench.clock.jump(10_000);
    const { targets } = await statusUntil(bench, task, phasesAre('Clean'));
    expect(targets[0]).toMatchObject({
      reason: 'FaultChanged',
      message: 'FaultChanged: somebody else changed it: band fa17:2 of eth0 holds nothing',
    });
  });

  it('shows residue while removal fails, tries again, and shows none when it succeeds', async () => {
    await putLease(bench);
    const task = faultTask(bench, [bench.addPod()]);
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, phasesAre('Active'));
    kernel.fail.remove = () => 'device busy';
    await orderUndo(bench, task);
    expect((await statusUntil(bench, task, ({ residue }) => residue > 0)).targets[0]?.phase).toBe('Undoing');
    kernel.fail.remove = () => undefined;
    bench.clock.jump(10_000);
    expect(await statusUntil(bench, task, phasesAre('Clean'))).toMatchObject({ residue: 0 });
  });

  it.each([
    ['there is no Lease', async () => Promise.resolve()],
    [
      'nobody renews the Lease any more',
      async () => {
        await writeLease(bench, 3, 'run-lease');
      },
    ],
  ])('is refused untouched when %s', async (_, given) => {
    await given();
    const task = faultTask(bench, [bench.addPod()], { lease: { name: 'run-lease', seconds: 3 } });
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, task);
    const { targets } = await statusUntil(bench, task, phasesAre('Refused'));
    expect(targets[0]?.reason).toBe('LeaseExpired');
    expect(kernel.names()).toEqual(['sweep']);
  });

  it.each([
    ['already ordered to end', { order: 'undo' as const }, 'Clean', undefined],
    ['over', { notAfter: '2020-01-01T00:00:00Z' }, 'Clean', 'NotAfter'],
    ['without its part', { fault: undefined }, 'Refused', 'InvalidInput'],
    ['with a date that is none', { notAfter: 'soon' }, 'Refused', 'InvalidInput'],
  ])('that is %s touches nothing', async (_, spec, phase, reason) => {
    await putLease(bench);
    const task = faultTask(bench, [bench.addPod()], spec);
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, task);
    const { targets } = await statusUntil(bench, task, phasesAre(phase));
    expect(targets[0]?.reason).toBe(reason);
    expect(kernel.names()).toEqual(['sweep']);
  });

  it('of another instance is left alone', async () => {
    await putLease(bench);
    const agent = bench.startAgent(kernel);
    await bench.store.create(nodeTasks, faultTask(bench, [bench.addPod()], { instance: 'ffffffff' }));
    const own = faultTask(bench, [bench.addPod()]);
    await bench.store.create(nodeTasks, own);
    await statusUntil(bench, own, phasesAre('Active'));
    expect(kernel.of('prepare')).toHaveLength(1);
    expect(agent.log.join('\n')).toMatch(/not for this agent/);
  });

  it('has its status written at most once a second', async () => {
    await putLease(bench);
    const task = faultTask(bench, [bench.addPod(), bench.addPod()]);
    const times: number[] = [];
    const store = {
      ...bench.store,
      updateStatus: async (...args: Parameters<typeof bench.store.updateStatus>) => {
        times.push(bench.clock.monotonic());
        return await bench.store.updateStatus(...args);
      },
    } as typeof bench.store;
    bench.startAgent(kernel, { store });
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, phasesAre('Active', 'Active'));
    await orderUndo(bench, task);
    await statusUntil(bench, task, phasesAre('Clean', 'Clean'));
    const written = times.slice(1).map((time, index) => time - (times[index] ?? NaN));
    expect(times.length).toBeGreaterThanOrEqual(3);
    // A conflict with the order is retried at once; it wrote nothing.
    expect(written.filter((between) => between < 990).length).toBeLessThanOrEqual(1);
  });
});

describe('an agent', () => {
  it('ends by itself, with nothing applied, when the server does not come back', async () => {
    await putLease(bench);
    const task = faultTask(bench, [bench.addPod()]);
    const agent = bench.startAgent(kernel, { goneAfterMs: 60_000 });
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, phasesAre('Active'));
    const removed = kernel.next('remove');
    await bench.stopServer();
    bench.clock.jump(31_000);
    await removed;
    const leap = setInterval(() => {
      bench.clock.jump(1000);
    }, 5);
    try {
      expect(await agent.ended).toBe('ServerGone');
    } finally {
      clearInterval(leap);
    }
    expect(kernel.prepared.size).toBe(0);
  }, 15_000);

  it('warns of a watch that the server refuses though it answers, and not again at once', async () => {
    const list: Store['list'] = () => Promise.reject(new SquallError('PermissionDenied', 'not for you'));
    const told: string[] = [];
    const agent = bench.startAgent(kernel, {
      store: { ...bench.store, list },
      onStart: (view) => {
        view.onWatchTrouble(({ code }, _retryInMs, resource) => told.push(`${resource} ${code}`));
      },
    });
    await expect.poll(() => told.length, { timeout: 20_000 }).toBeGreaterThan(6);
    expect(new Set(told)).toEqual(
      new Set(['nodetasks PermissionDenied', 'leases PermissionDenied', 'networkhalts PermissionDenied']),
    );
    const warned = agent.log.filter((line) => /^warn watching \w+ is interrupted/.test(line));
    expect(warned.map((line) => /"resource":"(\w+)","code":"(\w+)"/.exec(line)?.slice(1).join(' ')).sort()).toEqual([
      'leases PermissionDenied',
      'networkhalts PermissionDenied',
      'nodetasks PermissionDenied',
    ]);
  });

  it('goes on watching over what it has when sweeping fails at first', async () => {
    await putLease(bench);
    kernel.fail.sweep = () => (kernel.of('sweep').length < 3 ? 'tc is not there' : undefined);
    const task = faultTask(bench, [bench.addPod()]);
    bench.startAgent(kernel);
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, phasesAre('Active'));
    expect(kernel.of('sweep')).toHaveLength(3);
  });
});
