import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { addressesOf, createPair, inside, loss, type Pair, ping, start, work } from './namespaces.ts';
import { lost, plausible } from './statistics.ts';

const cases = [
  { id: 'tenth', percent: 10, peer: 2 },
  { id: 'third', percent: 30, peer: 3 },
] as const;

describe('loss', () => {
  let pair: Pair;
  before(async () => {
    pair = await createPair();
  });
  after(async () => {
    await pair.dispose();
  });

  it('loses pings of both families at the percentage asked for, and none to others', async () => {
    await start(pair, ...cases.map(({ id, percent, peer }) => work(id, loss(percent), [peer])));
    const count = 2000;
    const times = await ping(pair.target, addressesOf(2, 3, 9), { count, periodMs: 4, timeoutMs: 500 });
    for (const { percent, peer } of cases) {
      for (const address of addressesOf(peer)) {
        const gone = lost(times[address] ?? []);
        const { ok, low, high } = plausible(gone, count, percent / 100);
        assert.ok(ok, `${address}: ${String(gone)} of ${String(count)} lost, expected ${low.toFixed(0)} to ${high.toFixed(0)}`);
      }
    }
    for (const address of addressesOf(9)) assert.equal(lost(times[address] ?? []), 0, address);
    for (const { id, percent } of cases) {
      const { packets, offered, drops } = await pair.driver.read(pair.namespace, id);
      assert.equal(packets, 2 * count);
      assert.equal(offered, 2 * count);
      assert.ok(plausible(drops, offered, percent / 100).ok, `${id}: ${String(drops)} of ${String(offered)}`);
      await pair.driver.remove(pair.namespace, id);
    }
  });

  it('loses TCP segments one by one, not whole super-packets, at the percentage asked for', async () => {
    const flows = cases.map(({ peer }, index) => ({ address: addressesOf(peer)[index] ?? '', port: 5301 + index }));
    const running: ChildProcess[] = flows.map(({ port }) => iperf(pair.peers, ['-s', '-1', '-p', String(port)]));
    await sleep(300);
    // The flows are up before the fault: a lost SYN would cost seconds.
    running.push(
      ...flows.map(({ address, port }) => iperf(pair.target, ['-c', address, '-p', String(port), '-P', '20', '-t', '30'])),
    );
    for (const { id, percent, peer } of cases) await pair.driver.prepare(pair.namespace, work(`${id}tcp`, loss(percent), [peer]));
    await connectionsOpen(pair.target, 2 * 21);
    await pair.driver.commitAll(
      pair.namespace,
      cases.map(({ id }) => ({ faultId: `${id}tcp`, timeoutMs: 60_000 })),
    );
    for (const { id, percent } of cases) {
      const { offered, drops } = await offeredAtLeast(pair, `${id}tcp`, 2000);
      const { ok, low, high } = plausible(drops, offered, percent / 100);
      assert.ok(
        ok,
        `${id}: ${String(drops)} of ${String(offered)} segments dropped, expected ${low.toFixed(0)} to ${high.toFixed(0)}`,
      );
    }
    for (const [index, child] of running.entries()) {
      if (child.exitCode !== null) assert.fail(`iperf3 number ${String(index)} has ended by itself`);
      child.kill('SIGKILL');
    }
    await Promise.all(running.map(async (child) => child.exitCode ?? child.signalCode ?? (await once(child, 'exit'))));
    assert.ok((await largestMeanPacket(pair.target)) <= 1522, 'netem saw super-packets');
  });
});

function iperf(namespace: string, args: string[]): ChildProcess {
  return spawn('nsenter', [`--net=/run/netns/${namespace}`, '--', 'iperf3', ...args], { stdio: 'ignore' });
}

async function connectionsOpen(namespace: string, wanted: number): Promise<void> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const open = (await inside(namespace, ['ss', '-tnH', 'state', 'established'])).split('\n').length - 1;
    if (open >= wanted) return;
    if (performance.now() > deadline) throw new Error(`only ${String(open)} of ${String(wanted)} connections are open`);
    await sleep(100);
  }
}

async function offeredAtLeast(
  { driver, namespace }: Pair,
  faultId: string,
  wanted: number,
): Promise<{ offered: number; drops: number }> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const reading = await driver.read(namespace, faultId);
    if (reading.offered >= wanted) return reading;
    if (performance.now() > deadline) throw new Error(`only ${String(reading.offered)} segments came to fault ${faultId}`);
    await sleep(200);
  }
}

/** Bytes per packet that netem let through, the greatest of all netems. */
async function largestMeanPacket(namespace: string): Promise<number> {
  const qdiscs = JSON.parse(await inside(namespace, ['tc', '-j', '-s', 'qdisc', 'show'])) as {
    kind: string;
    bytes: number;
    packets: number;
  }[];
  return Math.max(
    ...qdiscs.filter(({ kind, packets }) => kind === 'netem' && packets > 0).map(({ bytes, packets }) => bytes / packets),
  );
}
