import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Fault } from '../../src/api/index.ts';
import { addressesOf, createPair, delay, type Pair, ping, start, work } from './namespaces.ts';
import { answered, lost, mean, median, standardDeviation } from './statistics.ts';

const jittered = (distribution: 'uniform' | 'normal'): Fault => ({ type: 'delay', delayMs: 50, jitterMs: 5, distribution });
/** What a slow machine's timers and scheduler add at most, in the middle of many probes. */
const machineMs = 3;

describe('delay', () => {
  let pair: Pair;
  let times: Record<string, (number | undefined)[]>;
  let base: number;
  const of = (address: string) => answered(times[address] ?? []);

  before(async () => {
    pair = await createPair();
    const faults = [delay(200), delay(50), jittered('uniform'), jittered('normal')];
    await start(pair, ...faults.map((fault, index) => work(`delay${String(index)}`, fault, [index + 2])));
    times = await ping(pair.target, addressesOf(2, 3, 4, 5, 9), { count: 300, periodMs: 20 });
    // Measured side by side with the delayed ones, so that both saw the same machine.
    base = median(addressesOf(9).flatMap(of));
  });
  after(async () => {
    await pair.dispose();
  });

  for (const [peer, expected] of [
    [2, 200],
    [3, 50],
  ] as const) {
    for (const address of addressesOf(peer)) {
      it(`holds packets to ${address} for ${String(expected)} ms`, () => {
        const added = median(of(address)) - base;
        assert.ok(Math.abs(added - expected) <= machineMs, `${String(added)} ms`);
        assert.equal(lost(times[address] ?? []), 0);
      });
    }
  }

  for (const address of addressesOf(4)) {
    it(`spreads 50 ± 5 ms evenly over packets to ${address}: the jitter is a half-width`, () => {
      const added = of(address).map((time) => time - base);
      const spread = standardDeviation(added);
      assert.ok(Math.abs(mean(added) - 50) <= machineMs, `mean ${String(mean(added))}`);
      // 5 / √3 = 2.89; the machine adds some of its own.
      assert.ok(spread > 2.4 && spread < 3.7, `standard deviation ${String(spread)}`);
      assert.ok(Math.min(...added) > 44, `shortest ${String(Math.min(...added))}`);
    });
  }

  for (const address of addressesOf(5)) {
    it(`takes the jitter as a standard deviation where the distribution is normal, to ${address}`, () => {
      const spread = standardDeviation(of(address));
      assert.ok(spread > 4 && spread < 6.3, `standard deviation ${String(spread)}`);
    });
  }

  for (const address of addressesOf(9)) {
    it(`leaves packets to ${address}, which nobody selected, alone`, () => {
      assert.ok(median(of(address)) < 10, `${String(median(of(address)))} ms`);
      assert.equal(lost(times[address] ?? []), 0);
    });
  }

  it('counts what met each gate', async () => {
    const { packets, drops, leaseLeftMs } = await pair.driver.read(pair.namespace, 'delay0');
    assert.equal(packets, 600);
    assert.equal(drops, 0);
    assert.ok(leaseLeftMs > 30_000 && leaseLeftMs <= 60_000, `${String(leaseLeftMs)} ms left`);
  });
});
