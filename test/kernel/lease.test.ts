import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKernelDriver } from '../../src/agent/kernel/index.ts';
import { systemClock } from '../../src/lib/index.ts';
import { addressesOf, createPair, delay, keepPinging, type Pair, ping, pingWithTimes, snapshot, work } from './namespaces.ts';

const fault = work('held', delay(100), [2]);
/** Longer than ten renewals take, so that only a gap between two elements could spare a packet. */
const leaseMs = 10_000;
const isDelayed = (time: number | undefined) => time !== undefined && time > 90;
/** The file runs itself as the process that holds the fault and is killed. */
const holderArguments = process.env.SQUALL_TEST_HOLDER;

if (holderArguments !== undefined) await hold(JSON.parse(holderArguments) as HolderArguments);
else {
  describe('a lease', () => {
    let pair: Pair;
    before(async () => {
      pair = await createPair();
    });
    after(async () => {
      await pair.dispose();
    });

    it('hurts nobody before it is committed, everybody selected while it is renewed, and nobody once it is closed', async () => {
      const { driver, namespace, target } = pair;
      await driver.prepare(namespace, fault);
      const prepared = await ping(target, addressesOf(2), { count: 20, periodMs: 10 });
      assert.equal(Object.values(prepared).flat().filter(isDelayed).length, 0);
      await driver.commit(namespace, fault.id, () => leaseMs);
      const pinging = keepPinging(target, addressesOf(2));
      for (let renewal = 0; renewal < 10; renewal += 1) await driver.renew(namespace, fault.id, () => leaseMs);
      const { times, count } = await pinging.end();
      assert.ok(count > 10);
      assert.deepEqual(
        Object.values(times)
          .flat()
          .filter((time) => !isDelayed(time)),
        [],
      );
      await driver.close(namespace, fault.id);
      const closed = await ping(target, addressesOf(2), { count: 20, periodMs: 10 });
      assert.equal(Object.values(closed).flat().filter(isDelayed).length, 0);
    });

    it('ends the fault in the kernel when its holder was killed and nobody is left', async () => {
      const { target, stateFolder, instance, podUid, driver } = pair;
      const untouched = await snapshot(target);
      const environment = { ...process.env, SQUALL_TEST_HOLDER: JSON.stringify({ target, stateFolder, instance, podUid }) };
      const holder = spawn(process.execPath, [fileURLToPath(import.meta.url)], {
        env: environment,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(holder.stdout, 'data');
      const pinging = pingWithTimes(target, addressesOf(2, 3), { count: 300, periodMs: 20 });
      await sleep(500);
      holder.kill('SIGKILL');
      const killedAt = Date.now();
      const replies = await pinging;
      for (const address of addressesOf(2)) {
        const last = replies.findLast((reply) => reply.address === address);
        const lastDelayed = replies.findLast((reply) => reply.address === address && isDelayed(reply.ms));
        assert.ok(last !== undefined && lastDelayed !== undefined, `no delayed reply from ${address}`);
        const cleanAfter = lastDelayed.sentAt - killedAt;
        // The last renewal came up to a second before the kill, more on a busy machine; the lease is 3 s.
        assert.ok(cleanAfter > 500 && cleanAfter < 4000, `${address} was delayed until ${String(cleanAfter)} ms after the kill`);
        assert.ok(last.sentAt > lastDelayed.sentAt, `${address} was never seen clean`);
      }
      assert.deepEqual(
        replies.filter(({ address, ms }) => addressesOf(3).includes(address) && isDelayed(ms)),
        [],
      );
      assert.notDeepEqual(await snapshot(target), untouched);
      assert.equal((await driver.sweep()).residue, 0);
      assert.equal(await driver.countResidue([pair.namespace]), 0);
    });
  });
}

type HolderArguments = { target: string; stateFolder: string; instance: string; podUid: string };

/** Renews every second for 3 s, for ever. */
async function hold({ target, stateFolder, instance, podUid }: HolderArguments): Promise<void> {
  const driver = await createKernelDriver({ stateFolder, instance, clock: systemClock });
  const namespace = await driver.openNamespace(podUid, `/run/netns/${target}`);
  await driver.prepare(namespace, fault);
  await driver.commit(namespace, fault.id, () => 3000);
  for (;;) {
    await driver.renew(namespace, fault.id, () => 3000);
    process.stdout.write('renewed\n');
    await sleep(1000);
  }
}
