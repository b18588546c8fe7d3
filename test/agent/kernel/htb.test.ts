/** Faults of the driver htb, which needs no netem: on whatever kernel the tests run on. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fault, FaultWork } from '../../../src/api/index.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { addressesOf, createPair, delay, inside, loss, type Pair, ping, snapshot, start, work } from '../../kernel/namespaces.ts';
import { lost, plausible } from '../../kernel/statistics.ts';

const partition: Fault = { type: 'partition' };
const untouched = { residue: 0, changedByOthers: [] };

describe('without netem', { timeout: 60_000 }, () => {
  let pair: Pair;
  let found: Awaited<ReturnType<typeof snapshot>>;
  beforeEach(async () => {
    pair = await createPair({ acting: 'htb' });
    found = await snapshot(pair.target);
  });
  afterEach(async () => {
    await pair.dispose();
  });
  const lossOf = async (peers: number[], options = { count: 1000, periodMs: 2 }) => {
    const times = await ping(pair.target, addressesOf(...peers), { ...options, timeoutMs: 1000 });
    return addressesOf(...peers).map((address) => lost(times[address] ?? []));
  };
  const removeAll = async (...works: FaultWork[]) => {
    for (const { id } of works) expect(await pair.driver.remove(pair.namespace, id)).toEqual(untouched);
    expect(await snapshot(pair.target)).toEqual(found);
  };

  it.each([
    { direction: 'egress', chance: 0.1 },
    { direction: 'ingress', chance: 0.1 },
    { direction: 'both', chance: 1 - 0.9 ** 2 },
  ] as const)('loses 10 % on $direction of both families, and nothing of others', async ({ direction, chance }) => {
    const lossy = work('tenth', loss(10), [2], { direction });
    await start(pair, lossy);
    const counts = await lossOf([2, 9]);
    for (const count of counts.slice(0, 2)) expect(plausible(count, 1000, chance)).toMatchObject({ ok: true });
    expect(counts.slice(2)).toEqual([0, 0]);
    const { packets, offered, drops } = await pair.driver.read(pair.namespace, 'tenth');
    expect(offered).toBe(packets);
    expect(plausible(drops, offered, 0.1)).toMatchObject({ ok: true });
    expect(await pair.driver.verify(pair.namespace)).toEqual([]);
    await removeAll(lossy);
  });

  it('loses segments of TCP one by one, and the sender is not told', async () => {
    const lossy = work('tenth', loss(10), [2]);
    const server = inside(pair.peers, ['iperf3', '-s', '-1', '-p', '5390']);
    await systemClock.sleep(300);
    await start(pair, lossy);
    await inside(pair.target, ['iperf3', '-c', '10.99.0.2', '-p', '5390', '-P', '8', '-t', '2']);
    await server;
    const { offered, drops } = await pair.driver.read(pair.namespace, 'tenth');
    expect(offered).toBeGreaterThan(5000);
    expect(plausible(drops, offered, 0.1)).toMatchObject({ ok: true });
    await removeAll(lossy);
  });

  it('cuts off what is partitioned, both ways, in silence', async () => {
    const cut = work('cut', partition, [2], { direction: 'both' });
    await start(pair, cut);
    expect(await lossOf([2, 9], { count: 50, periodMs: 2 })).toEqual([50, 50, 0, 0]);
    // A drop that the kernel tells the sender of is an error of fping's.
    const sent = await inside(pair.target, ['sh', '-c', 'fping -c 5 -p 10 -t 50 10.99.0.2 2>&1 || true']);
    expect(sent).not.toMatch(/sendto|not permitted/i);
    await removeAll(cut);
  });

  it.each([
    { include: [], arrived: 5 },
    { include: ['sflow' as const], arrived: 0 },
  ])('lets $arrived of 5 sFlow datagrams through to a collector, either way, where $include is included', async (given) => {
    const cut = work('cut', partition, [2], { direction: 'both', include: given.include });
    const ports = [6343, 6344];
    const counting = [
      'add table inet counting',
      'add chain inet counting arriving { type filter hook prerouting priority 400; policy accept; }',
      ...ports.map((port) => `add rule inet counting arriving udp dport ${String(port)} counter comment "${String(port)}"`),
    ].join('\n');
    for (const namespace of [pair.target, pair.peers]) await inside(namespace, ['nft', '-f', '-'], counting);
    const arrivedAt = async (namespace: string, port: number) => {
      const line = new RegExp(`udp dport ${String(port)} counter packets (\\d+)`);
      return Number(line.exec(await inside(namespace, ['nft', 'list', 'table', 'inet', 'counting']))?.[1]);
    };
    await start(pair, cut);
    const ways = [
      { from: pair.target, to: pair.peers, address: '10.99.0.2' },
      { from: pair.peers, to: pair.target, address: '10.99.0.1' },
    ];
    const sent = ports.map((port) => `for n in 1 2 3 4 5; do echo $n > /dev/udp/$0/${String(port)}; done`).join('; ');
    for (const { from, to, address } of ways) {
      await inside(from, ['bash', '-c', `${sent} 2> /dev/null || true`, address]);
      expect(await Promise.all(ports.map((port) => arrivedAt(to, port)))).toEqual([given.arrived, 0]);
    }
    expect(await pair.driver.remove(pair.namespace, cut.id)).toEqual(untouched);
  });

  it('ends with its lease, in the kernel, and one fault leaves the other alone', async () => {
    const { driver, namespace } = pair;
    const [cut, lossy] = [work('cut', partition, [2]), work('third', loss(30), [2, 3])];
    await start(pair, cut, lossy);
    await driver.commit(namespace, 'cut', () => 300);
    await systemClock.sleep(400);
    const counts = await lossOf([2, 3]);
    for (const count of counts) expect(plausible(count, 1000, 0.3)).toMatchObject({ ok: true });
    expect(await driver.remove(namespace, 'cut')).toEqual(untouched);
    for (const count of await lossOf([2, 3])) expect(plausible(count, 1000, 0.3)).toMatchObject({ ok: true });
    await driver.commit(namespace, 'third', () => 300);
    await systemClock.sleep(400);
    expect(await lossOf([2, 3], { count: 200, periodMs: 2 })).toEqual([0, 0, 0, 0]);
    await removeAll(lossy);
  });

  it('lets a rate with a long queue come and go beside a loss, which goes on', async () => {
    const { driver, namespace } = pair;
    const lossy = work('tenth', loss(10), [2]);
    const slow = work('slow', { type: 'rate', bitsPerSecond: 1e6, latencyMs: 5000 }, [2], { direction: 'both' });
    await start(pair, lossy);
    await start(pair, slow);
    expect(await driver.verify(namespace)).toEqual([]);
    expect(await driver.remove(namespace, 'slow')).toEqual(untouched);
    for (const count of await lossOf([2])) expect(plausible(count, 1000, 0.1)).toMatchObject({ ok: true });
    await removeAll(lossy);
  });

  it('refuses what only netem does, and says what it needs', async () => {
    await expect(pair.driver.prepare(pair.namespace, work('late', delay(50), [2]))).rejects.toMatchObject({
      code: 'KernelRefused',
      message: expect.stringMatching(/^NeedsNetem: .*sch_netem.*loss without bursts, partition and rate/) as string,
    });
    expect(await snapshot(pair.target)).toEqual(found);
  });

  it('sees filters that somebody adds and that its packets would not meet, and that the table at the device has gone', async () => {
    const { driver, namespace, target, instance } = pair;
    await start(pair, work('tenth', loss(10), [2]));
    await inside(target, ['tc', 'qdisc', 'add', 'dev', 'eth0', 'clsact']);
    expect(await driver.verify(namespace)).toEqual([expect.stringMatching(/^eth0 has the qdisc clsact, whose filters/)]);
    await inside(target, ['tc', 'qdisc', 'del', 'dev', 'eth0', 'clsact']);
    expect(await driver.verify(namespace)).toEqual([]);
    await inside(target, ['tc', 'qdisc', 'add', 'dev', 'eth0', 'root', 'handle', '5:', 'htb']);
    expect(await driver.verify(namespace)).toEqual([expect.stringMatching(/^eth0 has the qdisc htb 5:, whose first filter/)]);
    await inside(target, ['tc', 'qdisc', 'del', 'dev', 'eth0', 'root']);
    expect(await driver.verify(namespace)).toEqual([]);
    await inside(target, ['nft', 'delete', 'table', 'netdev', `squall_${instance}`]);
    await expect(driver.read(namespace, 'tenth')).rejects.toThrow(/^GateGone: table netdev/);
    expect((await driver.remove(namespace, 'tenth')).residue).toBe(0);
    expect(await snapshot(target)).toEqual(found);
  });

  it('sees that somebody has taken away what loses', async () => {
    await start(pair, work('tenth', loss(10), [2]));
    const device = /sq[0-9a-f]{8}c[0-9a-z]{4}/.exec(await inside(pair.target, ['ip', '-br', 'link']))?.[0] ?? '';
    await inside(pair.target, ['tc', 'qdisc', 'del', 'dev', device, 'parent', 'faa1:2']);
    expect(await pair.driver.verify(pair.namespace)).toEqual([expect.stringMatching(/band fa17:1 of sq.* instead of/)]);
  });
});
