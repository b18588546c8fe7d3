import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import {
  addressesOf,
  assertSame,
  createPair,
  delay,
  inside,
  keepPinging,
  loss,
  type Pair,
  ping,
  type Snapshot,
  snapshot,
  start,
  work,
} from './namespaces.ts';
import { answered, lost, median, plausible } from './statistics.ts';

/** What a busy machine adds at most to the middle of a few probes; far less than the differences that are told apart. */
const machineMs = 20;

describe('faults that meet in one packet', () => {
  let pair: Pair;
  let untouched: Snapshot;
  before(async () => {
    pair = await createPair({ queueLength: 0 });
    untouched = await snapshot(pair.target);
  });
  afterEach(async () => {
    // Nothing to do, unless a test has failed; it must not make the next one fail.
    await pair.driver.sweep();
    assertSame(await snapshot(pair.target), untouched);
  });
  after(async () => {
    await pair.dispose();
  });

  const medians = async (...peers: number[]) => {
    const times = await ping(pair.target, addressesOf(...peers), { count: 15, periodMs: 20 });
    return Object.fromEntries(Object.entries(times).map(([address, row]) => [address, median(answered(row))]));
  };
  const assertNear = (found: Record<string, number>, expected: Record<number, number>) => {
    for (const [peer, value] of Object.entries(expected)) {
      for (const address of addressesOf(Number(peer))) {
        const time = found[address] ?? Number.NaN;
        assert.ok(time > value - 1 && time < value + machineMs, `${address}: ${String(time)} ms instead of ${String(value)}`);
      }
    }
  };

  it('add their delays, and each ends with its own lease, while one on other peers misses and spares no packet', async () => {
    const { driver, namespace, target } = pair;
    await start(pair, work('elsewhere', delay(30), [4]));
    const pinging = keepPinging(target, addressesOf(4));
    await driver.prepare(namespace, work('first', delay(100), [2, 3]));
    await driver.prepare(namespace, work('second', delay(50), [2]));
    await driver.commitAll(namespace, [
      { faultId: 'first', timeoutMs: 6000 },
      { faultId: 'second', timeoutMs: 60_000 },
    ]);
    assertNear(await medians(2, 3), { 2: 150, 3: 100 });
    await leaseEnds('first');
    assertNear(await medians(2, 3), { 2: 50, 3: 0 });
    await driver.close(namespace, 'second');
    assertNear(await medians(2, 3), { 2: 0, 3: 0 });
    for (const id of ['first', 'second']) assert.equal((await driver.remove(namespace, id)).residue, 0);
    const { times, count } = await pinging.end();
    for (const [address, row] of Object.entries(times)) {
      assert.equal(lost(row), 0, address);
      assert.ok(Math.min(...answered(row)) > 29, `${address} was spared once`);
    }
    const middles = Object.entries(times).map(([address, row]) => [address, median(answered(row))] as const);
    assertNear(Object.fromEntries(middles), { 4: 30 });
    const { packets, drops } = await driver.read(namespace, 'elsewhere');
    assert.deepEqual({ packets, drops }, { packets: 2 * count, drops: 0 });
    assert.equal((await driver.remove(namespace, 'elsewhere')).residue, 0);
  });

  it('leave those that are there alone when one that comes later does not fit', async () => {
    const { driver, namespace, target } = pair;
    const ids = ['a', 'b', 'c', 'd'];
    await start(pair, ...ids.map((id) => work(id, delay(10), 'all')));
    const before = await snapshot(target);
    const fifth = work('e', delay(10), 'all');
    assert.match(String((await driver.tryComposition(namespace, fifth)).refusal), /^TooManyOverlaps/);
    await assert.rejects(driver.prepare(namespace, fifth), /TooManyOverlaps/);
    assertSame(await snapshot(target), before);
    assertNear(await medians(2), { 2: 40 });
    for (const id of ids) assert.equal((await driver.remove(namespace, id)).residue, 0);
  });

  it('are undone one by one although the device of the first has vanished', async () => {
    const { driver, namespace, target } = pair;
    await inside(target, ['ip', 'link', 'add', 'eth1', 'type', 'veth', 'peer', 'name', 'eth2']);
    await start(pair, work('vanishing', delay(50), 'all', { device: 'eth1' }), work('staying', delay(100), 'all'));
    await inside(target, ['ip', 'link', 'del', 'eth1']);
    assert.deepEqual(await driver.remove(namespace, 'vanishing'), { residue: 0, changedByOthers: [] });
    assertNear(await medians(2), { 2: 100 });
    assert.equal((await driver.remove(namespace, 'staying')).residue, 0);
  });

  for (const egress of ['own-device', 'own-root'] as const) {
    it(`are undone together, and nothing is put over it, where somebody puts a root of their own on the device (${egress})`, async () => {
      const theirs = await createPair({ queueLength: 0, egress });
      const { driver, namespace, target } = theirs;
      try {
        await start(theirs, work('one', delay(20), [2]), work('two', delay(30), [3]));
        await inside(target, ['tc', 'qdisc', 'replace', 'dev', 'eth0', 'root', 'handle', '5:', 'fq_codel']);
        for (const id of ['one', 'two']) {
          if (egress === 'own-root') await assert.rejects(driver.read(namespace, id), /TreeGone/);
          else assert.ok((await driver.read(namespace, id)).leaseLeftMs > 0);
        }
        assert.equal((await driver.verify(namespace)).length, 1);
        const removals = [await driver.remove(namespace, 'one'), await driver.remove(namespace, 'two')];
        assert.deepEqual(
          removals.map(({ residue }) => residue),
          [0, 0],
        );
        assert.match(await inside(target, ['tc', 'qdisc', 'show', 'dev', 'eth0']), /^qdisc fq_codel 5: root/);
      } finally {
        await theirs.dispose();
      }
    });
  }

  it('end when somebody adds filters that would not see their packets, or takes the device of ours away', async () => {
    const { driver, namespace, target, instance } = pair;
    await start(pair, work('one', delay(20), [2]));
    await inside(target, ['tc', 'qdisc', 'add', 'dev', 'eth0', 'clsact']);
    assert.match((await driver.verify(namespace)).join(), /^eth0 has the qdisc clsact/);
    await inside(target, ['tc', 'qdisc', 'del', 'dev', 'eth0', 'clsact']);
    assert.deepEqual(await driver.verify(namespace), []);
    const ours = new RegExp(`sq${instance}e\\w{4}`).exec(await inside(target, ['ip', '-br', 'link']))?.[0] ?? '';
    await inside(target, ['ip', 'link', 'del', ours]);
    assert.match((await driver.verify(namespace)).join(), /is missing or down/);
    await assert.rejects(driver.read(namespace, 'one'), /TreeGone/);
    assert.equal((await driver.remove(namespace, 'one')).residue, 0);
    // The kernel itself has changed it, when clsact came.
    await inside(target, ['ip', 'link', 'set', 'eth0', 'txqueuelen', '0']);
  });

  it('come and go without a packet lost or spared by the one that stays', async () => {
    const { driver, namespace, target } = pair;
    await start(pair, work('staying', delay(100), 'all'));
    const pinging = keepPinging(target, addressesOf(2, 3));
    await start(pair, work('passing', delay(50), [2]));
    await ping(target, addressesOf(2), { count: 3, periodMs: 20 });
    assert.equal((await driver.remove(namespace, 'passing')).residue, 0);
    const { times, count } = await pinging.end();
    for (const [address, row] of Object.entries(times)) {
      assert.equal(lost(row), 0, address);
      assert.ok(Math.min(...answered(row)) > 99, address);
    }
    const [first = ''] = addressesOf(2);
    assert.ok(Math.max(...answered(times[first] ?? [])) > 149, 'the passing fault was never met');
    const { packets, leaseLeftMs } = await driver.read(namespace, 'staying');
    assert.equal(packets, 4 * count + 6, 'the counter of the fault that stays goes on');
    assert.ok(leaseLeftMs > 0);
    assert.equal((await driver.remove(namespace, 'staying')).residue, 0);
  });

  it('lose 1 − (1 − p)(1 − q) together, of which neither claims the common part for itself', async () => {
    const { driver, namespace, target } = pair;
    await start(pair, work('fifth', loss(20), [2]), work('half', loss(50), 'all'));
    const count = 1000;
    const times = await ping(target, addressesOf(2, 3), { count, periodMs: 4, timeoutMs: 500 });
    for (const [address, chance] of [
      ...addressesOf(2).map((one) => [one, 0.6] as const),
      ...addressesOf(3).map((one) => [one, 0.5] as const),
    ]) {
      const gone = lost(times[address] ?? []);
      assert.ok(plausible(gone, count, chance).ok, `${address}: ${String(gone)} of ${String(count)} lost`);
    }
    const half = await driver.read(namespace, 'half');
    assert.equal(half.packets, 4 * count);
    assert.equal(half.offered, 2 * count);
    assert.ok(plausible(half.drops, half.offered, 0.5).ok, `${String(half.drops)} of ${String(half.offered)}`);
    assert.equal((await driver.read(namespace, 'fifth')).offered, 0);
    for (const id of ['fifth', 'half']) assert.equal((await driver.remove(namespace, id)).residue, 0);
  });

  it('spare excluded addresses, and count the packets of hypotheses only while the lease is held', async () => {
    const { driver, namespace, target, podUid } = pair;
    const [address = ''] = addressesOf(2);
    const exposure = [
      { hypothesis: 'ours', podUid, address, protocol: 'icmp' as const },
      { hypothesis: 'elsewhere', podUid, address: '10.99.0.200', protocol: 'tcp' as const },
      { hypothesis: 'of another pod', podUid: 'another', address, protocol: 'icmp' as const },
    ];
    await driver.prepare(namespace, work('slow', delay(20), 'all', { excluded: addressesOf(3), exposure }));
    await ping(target, [address], { count: 5, periodMs: 10 });
    await driver.commit(namespace, 'slow', () => 60_000);
    assertNear(await medians(3), { 3: 0 });
    await ping(target, [address], { count: 7, periodMs: 10 });
    await ping(target, [address], { count: 11, periodMs: 10, bytes: 40 });
    const { exposure: met, packets } = await driver.read(namespace, 'slow');
    assert.deepEqual(met, { ours: 7, elsewhere: 0 });
    assert.equal(packets, 18);
    assert.equal((await driver.remove(namespace, 'slow')).residue, 0);
  });

  /** Waits for the kernel, not for a time. */
  async function leaseEnds(faultId: string): Promise<void> {
    const set = ['nft', '-j', 'list', 'set', 'inet', `squall_${pair.instance}`, `lease_${faultId}`];
    while ((await inside(pair.target, set)).includes('expires')) await new Promise((resolve) => setTimeout(resolve, 50));
  }
});
