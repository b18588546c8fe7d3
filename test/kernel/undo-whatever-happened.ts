/** What may go wrong around an undo: the same for each way by which what goes out is hurt. Tests of node:test, registered where they are called. */
import assert from 'node:assert/strict';
import { readdir, rm } from 'node:fs/promises';
import { after, afterEach, before, it } from 'node:test';
import { createKernelDriver } from '../../src/agent/kernel/index.ts';
import type { EgressWay } from '../../src/faults/index.ts';
import { codeOf, messageOf, systemClock } from '../../src/lib/index.ts';
import { assertSame, command, createPair, delay, inside, type Pair, type Snapshot, snapshot, start, work } from './namespaces.ts';

export function undoWhateverHappened(egress: EgressWay): void {
  let pair: Pair;
  let untouched: Snapshot;
  // One pair for all: every test leaves it as it found it, which is what they are about.
  before(async () => {
    pair = await createPair({ queueLength: 0, egress });
    untouched = await snapshot(pair.target);
  });
  after(async () => {
    await pair.dispose();
  });

  afterEach(async () => {
    // A test that failed must not make the next one fail.
    await pair.driver.sweep();
  });

  it('puts everything back when a command fails half-way', async () => {
    process.env.TC_LIB_DIR = '/nonexistent';
    const { stateFolder, instance } = pair;
    const chooseEgress = () => Promise.resolve(egress);
    const crippled = await createKernelDriver({ stateFolder, instance, clock: systemClock, chooseEgress });
    delete process.env.TC_LIB_DIR;
    const shaped = work('shaped', { type: 'delay', delayMs: 50, jitterMs: 5, distribution: 'pareto' }, 'all');
    await assert.rejects(crippled.prepare(pair.namespace, shaped), /distribution/);
    assertSame(await snapshot(pair.target), untouched);
    // Beside a fault that runs, the running one stays.
    await start(pair, work('slow', delay(60), [2]));
    const running = await snapshot(pair.target);
    await assert.rejects(crippled.prepare(pair.namespace, shaped), /distribution/);
    assertSame(withoutHandles(await snapshot(pair.target)), withoutHandles(running));
    await pair.driver.remove(pair.namespace, 'slow');
    assertSame(await snapshot(pair.target), untouched);
  });

  it('is done twice without harm, also where somebody has removed our table or our tree', async () => {
    for (const byHand of [
      [],
      ['nft', 'delete', 'table', 'inet', `squall_${pair.instance}`],
      egress === 'own-root'
        ? ['tc', 'qdisc', 'del', 'dev', 'eth0', 'root']
        : ['nft', 'delete', 'table', 'netdev', `squall_${pair.instance}`],
    ]) {
      await start(pair, work('slow', delay(20), 'all'));
      if (byHand.length > 0) await inside(pair.target, byHand);
      await pair.driver.close(pair.namespace, 'slow');
      assert.equal((await pair.driver.remove(pair.namespace, 'slow')).residue, 0);
      assert.equal((await pair.driver.remove(pair.namespace, 'slow')).residue, 0);
      assertSame(await snapshot(pair.target), untouched);
    }
  });

  it('says what others changed meanwhile, and leaves it', async () => {
    await start(pair, work('slow', delay(20), 'all'));
    await inside(pair.target, ['nft', 'add', 'table', 'ip', 'newcomer']);
    const { residue, changedByOthers } = await pair.driver.remove(pair.namespace, 'slow');
    assert.equal(residue, 0);
    assert.deepEqual(changedByOthers, ['nftables table ip newcomer has appeared']);
    await inside(pair.target, ['nft', 'delete', 'table', 'ip', 'newcomer']);
    assertSame(await snapshot(pair.target), untouched);
  });

  it('is done by the next life from the ledger, and from the table where the ledger was lost', async () => {
    for (const lost of [false, true]) {
      await start(pair, work('slow', delay(20), 'all'));
      await inside(pair.target, ['nft', 'add', 'table', 'inet', 'squall_ffffffff']);
      if (lost) await rm(`${pair.stateFolder}/ledger`, { recursive: true });
      const next = await createKernelDriver({ stateFolder: pair.stateFolder, instance: pair.instance, clock: systemClock });
      const { removed, residue } = await next.sweep();
      assert.equal(residue, 0);
      assert.ok(
        removed.some((text) => text.includes(pair.podUid)),
        removed.join(),
      );
      assert.equal(await next.countResidue([pair.namespace]), 0);
      // Another instance's table is not ours to sweep.
      await inside(pair.target, ['nft', 'delete', 'table', 'inet', 'squall_ffffffff']);
      if (lost) await inside(pair.target, ['ip', 'link', 'set', 'eth0', 'txqueuelen', '0']);
      assertSame(await snapshot(pair.target), untouched);
      assert.deepEqual(await next.sweep(), { removed: [], residue: 0 });
    }
  });

  for (const by of ['its own life', 'the next one'] as const) {
    it(`finds its tree on a device that was renamed, by ${by}`, async () => {
      await start(pair, work('slow', delay(20), 'all'));
      const rename = async (from: string, to: string) => {
        const lines = `link set ${from} down\nlink set ${from} name ${to}\nlink set ${to} up\n`;
        await command('ip', ['-n', pair.target, '-batch', '-'], lines);
      };
      await rename('eth0', 'net0');
      assert.equal(await pair.driver.countResidue([pair.namespace]), 3);
      const { stateFolder, instance } = pair;
      if (by === 'its own life') assert.equal((await pair.driver.remove(pair.namespace, 'slow')).residue, 0);
      else assert.equal((await (await createKernelDriver({ stateFolder, instance, clock: systemClock })).sweep()).residue, 0);
      assert.equal(await pair.driver.countResidue([pair.namespace]), 0);
      await rename('net0', 'eth0');
      // The kernel forgets an IPv6 address that was put there by hand when its device goes down.
      await inside(pair.target, ['ip', 'addr', 'replace', 'fd99::1/64', 'dev', 'eth0', 'nodad']);
      while (!(await inside(pair.target, ['ip', '-j', 'link', 'show', 'eth0'])).includes('"operstate":"UP"'));
      assertSame(await snapshot(pair.target), untouched);
      assert.deepEqual(await readdir(`${stateFolder}/ledger`), []);
    });
  }

  it('leaves the tree of another instance where its own ledger was lost', async () => {
    const [mine, lost] = [pair.instance, 'abcdef01'];
    const lostState = `${pair.stateFolder}/lost`;
    const chooseEgress = () => Promise.resolve('own-root' as const);
    const former = await createKernelDriver({ stateFolder: lostState, instance: lost, clock: systemClock, chooseEgress });
    await former.prepare(pair.namespace, work('former', delay(20), 'all'));
    // Somebody takes that tree away, and another instance comes to the free device.
    await inside(pair.target, ['tc', 'qdisc', 'del', 'dev', 'eth0', 'root']);
    await rm(lostState, { recursive: true });
    await start(pair, work('slow', delay(20), 'all'));
    const again = await createKernelDriver({ stateFolder: lostState, instance: lost, clock: systemClock });
    assert.equal((await again.sweep()).residue, 0);
    const tables = await inside(pair.target, ['nft', 'list', 'tables']);
    assert.ok(tables.includes(mine) && !tables.includes(lost), tables);
    assert.ok((await pair.driver.read(pair.namespace, 'slow')).leaseLeftMs > 0);
    assert.equal((await pair.driver.remove(pair.namespace, 'slow')).residue, 0);
    await rm(lostState, { recursive: true });
    await inside(pair.target, ['ip', 'link', 'set', 'eth0', 'txqueuelen', '0']);
    assertSame(await snapshot(pair.target), untouched);
  });

  const refusals = [
    {
      name: "somebody's root qdisc",
      byHand: ['tc', 'qdisc', 'add', 'dev', 'eth0', 'root', 'handle', '5:', 'fq_codel'],
      clean: ['tc', 'qdisc', 'del', 'dev', 'eth0', 'root'],
      device: 'eth0',
      reason: /^ForeignQdisc/,
    },
    {
      name: 'a device that is not there',
      byHand: ['true'],
      clean: ['true'],
      device: 'eth7',
      reason: /^DeviceMissing: .*lo, eth0/,
    },
  ];
  for (const { name, byHand, clean, device, reason } of refusals) {
    it(`refuses ${name} and touches nothing`, async () => {
      await inside(pair.target, byHand);
      const found = await snapshot(pair.target);
      const error: unknown = await pair.driver
        .prepare(pair.namespace, work('slow', delay(20), 'all', { device }))
        .catch((thrown: unknown) => thrown);
      assert.equal(codeOf(error), 'KernelRefused');
      assert.match(messageOf(error), reason);
      assertSame(await snapshot(pair.target), found);
      await inside(pair.target, clean);
    });
  }

  it('takes a namespace that has gone for clean', async () => {
    await start(pair, work('slow', delay(20), 'all'));
    await command('ip', ['netns', 'del', pair.target]);
    await pair.driver.close(pair.namespace, 'slow');
    assert.deepEqual(await pair.driver.remove(pair.namespace, 'slow'), { residue: 0, changedByOthers: [] });
    assert.deepEqual(await readdir(`${pair.stateFolder}/ledger`), []);
  });
}

/** nft numbers objects anew when they are put back. */
const withoutHandles = ({ tc, nft, ip }: Snapshot): Snapshot => ({ tc, nft: nft.replace(/"handle": ?\d+/g, '"handle": 0'), ip });
