import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FaultWork, NodeTask, NodeTaskSpec, NodeTaskStatus } from '../../../src/api/index.ts';
import type { HostResolver } from '../../../src/agent/index.ts';
import { codeOf, SquallError } from '../../../src/lib/index.ts';
import { createFakeKernel, type FakeKernel } from '../fake-kernel.ts';
import { type Bench, createBench, faultTask, nodeTasks, orderUndo, phasesAre, putLease, statusUntil } from '../support.ts';

let bench: Bench;
let kernel: FakeKernel;
/** What each name is found to be; a text is why it is not found. */
let names: Record<string, string[] | string>;
let lookups: { podUid: string; hosts: readonly string[]; at: number }[];
/** The peers and exceptions of each version that was prepared. */
let versions: Pick<FaultWork, 'peers' | 'except' | 'dosePeers' | 'hosts'>[];

const resolveHosts: HostResolver = async ({ podUid }, hosts, signal) => {
  await Promise.resolve();
  signal.throwIfAborted();
  lookups.push({ podUid, hosts, at: bench.clock.monotonic() });
  return hosts.map((host) => {
    const found = names[host] ?? 'no address by name server 10.96.0.10';
    if (typeof found === 'string') return { host, error: found };
    const ipv4 = found.filter((address) => !address.includes(':'));
    return { host, ipv4, ipv6: found.filter((address) => address.includes(':')), ttlSeconds: 5 };
  });
};

beforeEach(async () => {
  bench = await createBench();
  kernel = createFakeKernel(bench.clock, (path) => [...bench.namespaces.values()].find((one) => one.path === path)?.inode ?? 0);
  const prepare = kernel.prepare.bind(kernel);
  [names, lookups, versions] = [{ 'a.example': ['192.0.2.1', '2001:db8::1'] }, [], []];
  kernel.prepare = async (namespace, work) => {
    const { peers, except, dosePeers, hosts } = work;
    versions.push({ peers, dosePeers, ...(except === undefined ? {} : { except }), ...(hosts === undefined ? {} : { hosts }) });
    return await prepare(namespace, work);
  };
});
afterEach(async () => {
  await bench.close();
});

const toA: Partial<FaultWork> = { peers: { ipv4: [], ipv6: [] }, hosts: { peers: [{ host: 'a.example' }], except: [] } };
const peers = (...addresses: string[]) => ({
  ipv4: addresses.filter((address) => !address.includes(':')),
  ipv6: addresses.filter((address) => address.includes(':')),
});
const first = ({ targets: [target] }: NodeTaskStatus) => target;

async function create(fault: Partial<FaultWork>, pods = 1, spec: Partial<NodeTaskSpec> = {}) {
  await putLease(bench, 600);
  const uids = Array.from({ length: pods }, () => bench.addPod());
  const task = faultTask(bench, uids, { lease: { name: 'run-lease', seconds: 600 }, ...spec }, fault);
  const agent = bench.startAgent(kernel, { resolveHosts });
  await bench.store.create(nodeTasks, task);
  return { task, agent, uids };
}

async function startFault(fault: Partial<FaultWork>, pods = 1) {
  const created = await create(fault, pods);
  await statusUntil(bench, created.task, phasesAre(...created.uids.map(() => 'Active')));
  return created;
}

/** Nobody waits for the clock. */
async function lookedUp(times: number): Promise<void> {
  while (lookups.length < times) {
    bench.clock.jump(2500);
    await bench.clock.sleep(100);
  }
}

async function change(task: NodeTask, fault: Partial<FaultWork>): Promise<void> {
  for (;;) {
    const current = await bench.store.get(nodeTasks, { namespace: 'squall-system', name: task.metadata.name });
    const { spec } = current;
    if (spec.fault === undefined) throw new Error('the task has no fault');
    try {
      const next = { ...spec, generation: spec.generation + 1, fault: { ...spec.fault, ...fault } };
      await bench.store.update(nodeTasks, { ...current, spec: next });
      return;
    } catch (error) {
      if (codeOf(error) !== 'Conflict') throw error;
    }
  }
}

describe('a fault with host names as peers', { timeout: 20_000 }, () => {
  it('hurts what each target finds, before it is prepared', async () => {
    const { uids } = await startFault(toA, 2);
    expect(lookups.slice(0, 2).map(({ podUid }) => podUid)).toEqual(uids);
    expect(versions).toMatchObject([{ peers: peers('192.0.2.1', '2001:db8::1') }, { peers: peers('192.0.2.1', '2001:db8::1') }]);
    expect(versions.every(({ hosts }) => hosts === undefined)).toBe(true);
  });

  it('follows them to other addresses in one exchange, and rests on none in between', async () => {
    const { task } = await startFault(toA);
    names['a.example'] = ['192.0.2.7'];
    await kernel.next('exchange');
    expect(versions.map((version) => version.peers)).toEqual([peers('192.0.2.1', '2001:db8::1'), peers('192.0.2.7')]);
    expect(kernel.names()).not.toContain('close');
    const [before = 0, after = 0] = lookups.map(({ at }) => at);
    expect(after - before).toBeGreaterThanOrEqual(5000);
    await orderUndo(bench, task);
    await statusUntil(bench, task, phasesAre('Clean'));
    expect(kernel.prepared).toEqual(new Set());
  });

  it('stays the same version while the same is found', async () => {
    await startFault(toA);
    await lookedUp(4);
    expect(versions).toHaveLength(1);
  });

  it('keeps what was found last when nothing is found any more, and says so once, and when it is over', async () => {
    const { task, agent } = await startFault(toA);
    names['a.example'] = 'no address by name server 10.96.0.10 (a.example: ETIMEOUT)';
    const status = await statusUntil(bench, task, (one) => first(one)?.warnings !== undefined);
    expect(first(status)).toMatchObject({
      phase: 'Active',
      warnings: [expect.stringMatching(/^HostUnresolved: shop\/pod-0: host 'a.example' has no address .*ETIMEOUT.*are kept$/)],
    });
    await lookedUp(4);
    expect(versions).toHaveLength(1);
    const said = (text: string) => agent.log.filter((line) => line.includes(text));
    expect(said('warn host names are not found any more')).toHaveLength(1);
    names['a.example'] = ['192.0.2.7'];
    await lookedUp(5);
    while (kernel.of('exchange').length === 0) await bench.clock.sleep(100);
    expect(first(await statusUntil(bench, task, (one) => first(one)?.warnings === undefined))?.phase).toBe('Active');
    expect(said('info host names are found again')).toHaveLength(1);
  });

  it('joins them with the peers that come and go, and never takes other names', async () => {
    const { task, agent } = await startFault({ ...toA, peers: peers('10.0.0.1') });
    await change(task, { peers: peers('10.0.0.2') });
    await kernel.next('exchange');
    expect(versions.map((version) => version.peers)).toEqual([
      peers('10.0.0.1', '192.0.2.1', '2001:db8::1'),
      peers('10.0.0.2', '192.0.2.1', '2001:db8::1'),
    ]);
    await change(task, { hosts: { peers: [{ host: 'b.example' }], except: [] } });
    await statusUntil(bench, task, ({ observedGeneration }) => observedGeneration === 3);
    expect(versions).toHaveLength(2);
    expect(agent.log.join('\n')).toContain('host names of a running fault cannot be changed');
  });

  it('spares what its exceptions lead to', async () => {
    await startFault({ hosts: { peers: [], except: ['a.example'] } });
    expect(versions).toMatchObject([{ peers: 'all', except: peers('192.0.2.1', '2001:db8::1') }]);
    names['a.example'] = ['192.0.2.7'];
    await kernel.next('exchange');
    expect(versions[1]?.except).toEqual(peers('192.0.2.7'));
  });

  it.each([
    ['a peer', toA],
    ['an exception', { hosts: { peers: [], except: ['a.example'] } }],
    ['one of several', { ...toA, hosts: { peers: [{ host: 'b.example' }, { host: 'a.example' }], except: [] } }],
  ])('is refused before anything is done when %s is not found', async (_what, fault) => {
    names = { 'b.example': ['192.0.2.2'] };
    const { task } = await create(fault);
    const status = await statusUntil(bench, task, phasesAre('Refused'));
    expect(first(status)).toMatchObject({
      reason: 'HostUnresolved',
      message: expect.stringMatching(
        /^HostUnresolved: host 'a.example' has no address by name server 10.96.0.10; expected /,
      ) as string,
    });
    expect(kernel.names()).not.toContain('prepare');
  });

  it('is refused when it cannot be looked up at all', async () => {
    await putLease(bench, 600);
    const task = faultTask(bench, [bench.addPod()], {}, toA);
    bench.startAgent(kernel, { resolveHosts: () => Promise.reject(new SquallError('Unavailable', 'it did not end')) });
    await bench.store.create(nodeTasks, task);
    expect(first(await statusUntil(bench, task, phasesAre('Refused')))).toMatchObject({
      reason: 'Unavailable',
      message: 'it did not end',
    });
  });

  it('is renewed while a name server keeps everybody waiting', async () => {
    let isSilent = false;
    let ended = 0;
    await putLease(bench, 600);
    const uids = Array.from({ length: 6 }, () => bench.addPod());
    const task = faultTask(bench, uids, { lease: { name: 'run-lease', seconds: 6 } }, toA);
    bench.startAgent(kernel, {
      resolveHosts: async (namespace, hosts, signal) => {
        if (!isSilent) return await resolveHosts(namespace, hosts, signal);
        return await new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            ended += 1;
            reject(new SquallError('Unavailable', 'stopped'));
          });
        });
      },
    });
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, phasesAre(...uids.map(() => 'Active')));
    isSilent = true;
    while (kernel.of('renew').length < 24) await kernel.next('renew');
    expect((await statusUntil(bench, task, () => true)).targets.map(({ renewals }) => renewals?.failed)).toEqual(
      uids.map(() => 0),
    );
    await orderUndo(bench, task);
    await statusUntil(bench, task, phasesAre(...uids.map(() => 'Clean')));
    expect(ended).toBe(4);
  });
});

describe('a preflight task of a fault with host names', () => {
  it('refuses a name that a target does not find, and tries the fault with the addresses of those it finds', async () => {
    const tried: FaultWork[] = [];
    kernel.tryComposition = (_namespace, work) => {
      tried.push(work);
      return Promise.resolve({ meets: [] });
    };
    const podUids = [bench.addPod(), bench.addPod()];
    const { fault } = faultTask(bench, podUids, {}, toA).spec;
    if (fault === undefined) throw new Error('the task has no fault');
    const nobody = { ...fault, hosts: { peers: [{ host: 'nobody.example' }], except: [] } };
    const checks: NodeTaskSpec['checks'] = [
      { check: 'hosts', podUids, hosts: ['a.example'] },
      { check: 'composition', podUids, fault },
      { check: 'hosts', podUids, hosts: ['nobody.example'] },
      { check: 'composition', podUids, fault: nobody },
    ];
    const task = faultTask(bench, podUids, { work: 'preflight', fault: undefined, checks });
    bench.startAgent(kernel, { resolveHosts });
    await bench.store.create(nodeTasks, task);
    const results = (await statusUntil(bench, task, phasesAre('Clean', 'Clean'))).checks ?? [];
    expect(results.map(({ ok }) => ok)).toEqual([true, true, false, false]);
    const reason = "HostUnresolved: host 'nobody.example' has no address by name server 10.96.0.10";
    expect(results[2]?.found).toBe(`pod ${podUids.join(', ')}: ${reason}`);
    expect(results[3]?.found).toContain(reason);
    expect(tried.map((work) => work.peers)).toEqual(podUids.map(() => peers('192.0.2.1', '2001:db8::1')));
    expect(lookups).toHaveLength(4);
  });

  it('asks no more than a few targets when none finds a name', async () => {
    const podUids = Array.from({ length: 20 }, () => bench.addPod());
    const checks: NodeTaskSpec['checks'] = [{ check: 'hosts', podUids, hosts: ['nobody.example'] }];
    const task = faultTask(bench, podUids, { work: 'preflight', fault: undefined, checks });
    bench.startAgent(kernel, { resolveHosts });
    await bench.store.create(nodeTasks, task);
    const [result] = (await statusUntil(bench, task, phasesAre(...podUids.map(() => 'Clean')))).checks ?? [];
    expect(result).toMatchObject({
      ok: false,
      found: expect.stringContaining('4 other targets did not find it either') as string,
    });
    expect(lookups).toHaveLength(4);
  });
});
