/**
 * The driver on whatever kernel the tests run on. Trees need prio and netem, which many kernels lack (test/kernel has those); here
 * the gate and the lease work for real, on a ledger entry that the test writes itself.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKernelDriver } from '../../../src/agent/kernel/index.ts';
import type { LedgerEntry } from '../../../src/agent/kernel/ledger.ts';
import { openNamespace } from '../../../src/agent/kernel/namespace.ts';
import { createLimiter } from '../../../src/agent/limiter.ts';
import type { FaultWork } from '../../../src/api/index.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { addressesOf, command, createPair, delay, inside, type Pair, ping, snapshot, work } from '../../kernel/namespaces.ts';
import { gateOnly as putGateOnly } from './gate-only.ts';

const untouched = { residue: 0, changedByOthers: [] };

describe('the driver', () => {
  let pair: Pair;
  let found: Awaited<ReturnType<typeof snapshot>>;
  beforeEach(async () => {
    pair = await createPair({ acting: 'netem' });
    found = await snapshot(pair.target);
  });
  afterEach(async () => {
    await pair.dispose();
  });

  const gateOnly = async (...works: FaultWork[]) => await putGateOnly(pair, ...works);
  const ledgerFiles = async () => await readdir(join(pair.stateFolder, 'ledger'));

  it('counts what meets the gate while the lease is held, lets the kernel end it, and leaves nothing', async () => {
    const { driver, namespace, target, podUid } = pair;
    const [ipv4 = '', ipv6 = ''] = addressesOf(2);
    const exposure = [
      { hypothesis: 'reachable', podUid, address: ipv4, protocol: 'icmp' as const },
      { hypothesis: 'reachable', podUid, address: ipv6, protocol: 'icmp' as const },
    ];
    await gateOnly(work('slow', delay(100), [2], { exposure }));
    await ping(target, [ipv4], { count: 3, periodMs: 1 });
    expect(await driver.read(namespace, 'slow')).toMatchObject({ packets: 0, leaseLeftMs: 0, exposure: { reachable: 0 } });

    await driver.commit(namespace, 'slow', () => 60_000);
    await ping(target, addressesOf(2, 3), { count: 5, periodMs: 1 });
    await ping(target, addressesOf(2), { count: 2, periodMs: 1, bytes: 40 });
    const reading = await driver.read(namespace, 'slow');
    expect(reading).toMatchObject({ packets: 14, bytes: 5 * (84 + 104) + 2 * (68 + 88), exposure: { reachable: 10 } });
    expect(reading.leaseLeftMs > 50_000 && reading.leaseLeftMs <= 60_000).toBe(true);

    await driver.commit(namespace, 'slow', () => 300);
    while ((await driver.read(namespace, 'slow')).leaseLeftMs > 0);
    await ping(target, addressesOf(2), { count: 5, periodMs: 1 });
    expect((await driver.read(namespace, 'slow')).packets).toBe(14);

    expect(await driver.remove(namespace, 'slow')).toEqual(untouched);
    expect(await snapshot(target)).toEqual(found);
    expect(await ledgerFiles()).toEqual([]);
  });

  it('closes at once, renews several in one go, and refuses what was not prepared', async () => {
    const { driver, namespace } = pair;
    await gateOnly(work('a', delay(10), [2]), work('b', delay(20), [3]));
    await driver.commitAll(namespace, [
      { faultId: 'a', timeoutMs: 60_000 },
      { faultId: 'b', timeoutMs: 60_000 },
    ]);
    await driver.close(namespace, 'a');
    expect((await driver.read(namespace, 'a')).leaseLeftMs).toBe(0);
    expect((await driver.read(namespace, 'b')).leaseLeftMs).toBeGreaterThan(50_000);
    for (const attempt of [driver.commit(namespace, 'c', () => 1000), driver.read(namespace, 'c')]) {
      await expect(attempt).rejects.toMatchObject({
        code: 'KernelRefused',
        message: expect.stringMatching(/^NotPrepared: fault c/) as string,
      });
    }
    await expect(driver.commit(namespace, 'b', () => 0)).rejects.toMatchObject({ code: 'InvalidInput' });
  });

  it('renews what is held, and never takes up again what the kernel has ended', async () => {
    const { driver, namespace } = pair;
    await gateOnly(work('slow', delay(100), 'all'));
    const renewed = { code: 'KernelRefused', message: expect.stringMatching(/^LeaseExpired: .*fault slow/) as string };
    await expect(driver.renew(namespace, 'slow', () => 60_000)).rejects.toMatchObject(renewed);
    await driver.commit(namespace, 'slow', () => 60_000);
    await driver.renew(namespace, 'slow', () => 300);
    await systemClock.sleep(400);
    await expect(driver.renew(namespace, 'slow', () => 60_000)).rejects.toMatchObject(renewed);
    expect(await driver.read(namespace, 'slow')).toMatchObject({ leaseLeftMs: 0 });
  });

  it('holds a lease though a reading of the same target waits behind all that is to be removed elsewhere', async () => {
    const { stateFolder, instance, namespace } = pair;
    await gateOnly(work('slow', delay(100), 'all'));
    const limit = createLimiter(1);
    const driver = await createKernelDriver({ stateFolder, instance, clock: systemClock, limit });
    await driver.commit(namespace, 'slow', () => 60_000);
    const order: string[] = [];
    const others = Array.from({ length: 20 }, (_, index) =>
      limit(async () => {
        await systemClock.sleep(5);
        order.push(`removal ${String(index)}`);
      }),
    );
    const reading = driver.read(namespace, 'slow').then(() => order.push('read'));
    const renewal = driver.renew(namespace, 'slow', () => 60_000).then(() => order.push('renewed'));
    await Promise.all([...others, reading, renewal]);
    expect(order.indexOf('renewed')).toBeLessThan(5);
    expect(order.indexOf('read')).toBeLessThan(order.indexOf('renewed'));
  });

  it('asks how long a lease may be when its turn has come, not before', async () => {
    const { driver, namespace } = pair;
    await gateOnly(work('slow', delay(100), 'all'), work('other', delay(1), [3]));
    const turns: string[] = [];
    const leaseOf = (turn: string) => () => {
      turns.push(turn);
      return 60_000;
    };
    const first = driver.commit(namespace, 'slow', leaseOf('committed')).then(() => turns.push('done'));
    await Promise.all([first, driver.commit(namespace, 'other', leaseOf('waited'))]);
    expect(turns).toEqual(['committed', 'done', 'waited']);
  });

  it('undoes one of two faults although the device of the other has vanished, and then the other', async () => {
    const { driver, namespace, target } = pair;
    await inside(target, ['ip', 'link', 'add', 'eth1', 'type', 'veth', 'peer', 'name', 'eth2']);
    await gateOnly(work('staying', delay(100), 'all'), work('vanishing', delay(1), 'all', { device: 'eth1' }));
    await driver.commit(namespace, 'staying', () => 60_000);
    await inside(target, ['ip', 'link', 'del', 'eth1']);
    expect(await driver.remove(namespace, 'staying')).toEqual(untouched);
    const { residue, changedByOthers } = await driver.remove(namespace, 'vanishing');
    expect(residue).toBe(0);
    expect(changedByOthers).toContain('link eth1 has gone');
    expect(await snapshot(target)).toEqual(found);
  });

  it('says so when somebody has removed the gate, and is undone all the same', async () => {
    const { driver, namespace, target, instance } = pair;
    await gateOnly(work('slow', delay(100), 'all'));
    await inside(target, ['nft', 'delete', 'table', 'inet', `squall_${instance}`]);
    await expect(driver.read(namespace, 'slow')).rejects.toMatchObject({
      code: 'KernelRefused',
      message: expect.stringMatching(/^GateGone/) as string,
    });
    await expect(driver.commit(namespace, 'slow', () => 1000)).rejects.toMatchObject({ code: 'KernelRefused' });
    await driver.close(namespace, 'slow');
    expect(await driver.remove(namespace, 'slow')).toEqual(untouched);
    expect(await snapshot(target)).toEqual(found);
  });

  it('closes and removes what was never prepared without a word', async () => {
    const { driver, namespace } = pair;
    await driver.close(namespace, 'never');
    expect(await driver.remove(namespace, 'never')).toEqual(untouched);
  });

  it('puts everything back when a command fails, and keeps no ledger entry', async () => {
    process.env.TC_LIB_DIR = '/nonexistent';
    const crippled = await createKernelDriver({
      stateFolder: pair.stateFolder,
      instance: pair.instance,
      clock: systemClock,
      chooseDriver: () => Promise.resolve('netem'),
    });
    delete process.env.TC_LIB_DIR;
    const shaped = work('shaped', { type: 'delay', delayMs: 50, jitterMs: 5, distribution: 'pareto' }, 'all');
    await expect(crippled.prepare(pair.namespace, shaped)).rejects.toMatchObject({
      code: 'KernelRefused',
      message: expect.stringMatching(/^tc failed/) as string,
    });
    expect(await snapshot(pair.target)).toEqual(found);
    expect(await ledgerFiles()).toEqual([]);
  });

  it.each([
    ['a device that is not there', work('slow', delay(1), 'all', { device: 'eth7' }), ['true'], /^DeviceMissing/],
    [
      "somebody's root qdisc",
      work('slow', delay(1), 'all'),
      ['tc', 'qdisc', 'add', 'dev', 'eth0', 'root', 'handle', '5:', 'pfifo'],
      /^ForeignQdisc/,
    ],
  ])('refuses %s before it writes anything', async (_, one, byHand, message) => {
    await inside(pair.target, byHand);
    const before = await snapshot(pair.target);
    await expect(pair.driver.prepare(pair.namespace, one)).rejects.toMatchObject({
      code: 'KernelRefused',
      message: expect.stringMatching(message) as string,
    });
    expect(await snapshot(pair.target)).toEqual(before);
    await expect(ledgerFiles()).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('says beforehand what cannot be composed with what is on the target, and changes nothing', async () => {
    const { driver, namespace, target } = pair;
    const ids = ['a', 'b', 'c', 'd'];
    await gateOnly(...ids.map((id) => work(id, delay(1), 'all')));
    const before = [await snapshot(target), await ledgerFiles()];
    const fifth = work('e', delay(1), 'all');
    const { refusal, meets } = await driver.tryComposition(namespace, fifth);
    expect(refusal).toMatch(/^TooManyOverlaps/);
    expect(meets).toEqual(ids);
    // Whoever did not ask, or asked together with another, is refused by the same rule before anything is written.
    await expect(driver.prepare(namespace, fifth)).rejects.toMatchObject({ code: 'KernelRefused', message: refusal });
    expect([await snapshot(target), await ledgerFiles()]).toEqual(before);
    expect(await driver.tryComposition(namespace, work('e', delay(1), 'all', { device: 'eth7' }))).toMatchObject({
      refusal: expect.stringMatching(/^DeviceMissing/) as string,
      meets: [],
    });
  });

  it('refuses the namespace of the node itself, a file that is none, and a path where nothing is', async () => {
    const file = join(pair.stateFolder, 'no-namespace');
    await writeFile(file, '');
    await expect(openNamespace('pod', '/proc/self/ns/net')).rejects.toMatchObject({
      code: 'KernelRefused',
      message: expect.stringMatching(/^HostNetwork/) as string,
    });
    await expect(openNamespace('pod', file)).rejects.toMatchObject({ code: 'NotFound' });
    await expect(openNamespace('pod', `${file}.nothing`)).rejects.toMatchObject({ code: 'NotFound' });
  });

  it('does nothing in another namespace that has taken the place of the first', async () => {
    const { driver, namespace, target } = pair;
    await gateOnly(work('slow', delay(100), 'all'));
    await command('ip', ['netns', 'del', target]);
    await command('ip', ['netns', 'add', target]);
    const replaced = await openNamespace(pair.podUid, namespace.path);
    if (replaced.inode === namespace.inode) return; // The kernel gave the number again: then it is the pod's own uid that tells.
    for (const attempt of [driver.commit(namespace, 'slow', () => 1000), driver.prepare(namespace, work('b', delay(1), 'all'))]) {
      await expect(attempt).rejects.toMatchObject({
        code: 'NotFound',
        message: expect.stringMatching(/^NamespaceGone/) as string,
      });
    }
    expect(await driver.remove(namespace, 'slow')).toEqual(untouched);
    expect(await inside(target, ['nft', 'list', 'ruleset'])).toBe('');
  });

  describe('sweeping', () => {
    it('undoes by the ledger what a former life left, and tells what somebody else changed', async () => {
      await gateOnly(work('slow', delay(100), 'all'), work('other', delay(1), [3]));
      await pair.driver.commit(pair.namespace, 'slow', () => 60_000);
      await inside(pair.target, ['nft', 'add', 'table', 'ip', 'newcomer']);
      const next = await createKernelDriver({ stateFolder: pair.stateFolder, instance: pair.instance, clock: systemClock });
      expect(await next.sweep()).toEqual({
        removed: [
          `${pair.namespace.path}: fault slow on eth0, fault other on eth0`,
          `${pair.namespace.path}: nftables table ip newcomer has appeared, by others`,
        ],
        residue: 0,
      });
      expect(await next.countResidue([pair.namespace])).toBe(0);
      expect(await ledgerFiles()).toEqual([]);
    });

    it("finds its table where the ledger was lost, and leaves another instance's alone", async () => {
      for (const instance of [pair.instance, 'ffffffff'])
        await inside(pair.target, ['nft', 'add', 'table', 'inet', `squall_${instance}`]);
      expect(await pair.driver.sweep()).toEqual({
        removed: [expect.stringContaining(pair.namespace.path) as string],
        residue: 0,
      });
      expect(await inside(pair.target, ['nft', 'list', 'tables'])).toBe('table inet squall_ffffffff\n');
    });

    it('searches every namespace once, and again only when the ledger may not name them all', async () => {
      expect(await pair.driver.sweep()).toEqual({ removed: [], residue: 0 });
      await inside(pair.target, ['nft', 'add', 'table', 'inet', `squall_${pair.instance}`]);
      expect(await pair.driver.sweep()).toEqual({ removed: [], residue: 0 });
      await writeFile(join(pair.stateFolder, 'ledger', '1.json'), 'half');
      expect((await pair.driver.sweep()).removed).toEqual([expect.stringContaining(pair.namespace.path) as string]);
    });

    it.each<[string, (entry: LedgerEntry) => unknown]>([
      ['another boot', (entry) => ({ ...entry, bootId: 'before' })],
      ['a namespace that has gone', (entry) => ({ ...entry, namespace: { ...entry.namespace, path: '/run/netns/squall-gone' } })],
      ['nothing that can be read', () => 'half'],
    ])('forgets an entry of %s', async (_, change) => {
      const entry = await gateOnly(work('slow', delay(100), 'all'));
      await inside(pair.target, ['nft', 'delete', 'table', 'inet', `squall_${pair.instance}`]);
      await mkdir(join(pair.stateFolder, 'ledger'), { recursive: true });
      await writeFile(join(pair.stateFolder, 'ledger', `${String(pair.namespace.inode)}.json`), JSON.stringify(change(entry)));
      expect(await pair.driver.sweep()).toEqual({ removed: [], residue: 0 });
      expect(await ledgerFiles()).toEqual([]);
      expect(await snapshot(pair.target)).toEqual(found);
    });
  });
});
