import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Fault } from '../../src/api/index.ts';
import { addressesOf, createPair, delay, type Pair, ping, start, work } from './namespaces.ts';
import { answered, lost, median, quantile } from './statistics.ts';

const jittered = (distribution: 'uniform' | 'normal'): Fault => ({ type: 'delay', delayMs: 50, jitterMs: 5, distribution });
/** What a slow machine's timers and scheduler add at most, in the middle of many probes. */
const machineMs = 3;
const count = 600;
/**
 * How far the early tenth lies before the middle. Judged by this, and not by the standard deviation: a machine that stalls makes
 * probes late, never early.
 */
const earliness = (values: readonly number[]): number => median(values) - quantile(values, 0.1);

describe('delay', () => {
  let pair: Pair;
  let times: Record<string, (number | undefined)[]>;
  let base: number;
  const of = (address: string) => answered(times[address] ?? []);

  before(async () => {
    pair = await createPair();
    const faults = [delay(200), delay(50), jittered('uniform'), jittered('normal')];
    await start(pair, ...faults.map((fault, index) => work(`delay${String(index)}`, fault, [index + 2])));
    times = await ping(pair.target, addressesOf(2, 3, 4, 5, 9), { count, periodMs: 20 });
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
      assert.ok(Math.abs(median(added) - 50) <= machineMs, `median ${String(median(added))}`);
      // Of an even spread over 10 ms, the early tenth ends 4 ms before the middle.
      const early = earliness(added);
      assert.ok(early > 3 && early < 5.2, `the early tenth is ${String(early)} ms before the middle`);
      assert.ok(Math.min(...added) > 44, `shortest ${String(Math.min(...added))}`);
    });
  }

  for (const address of addressesOf(5)) {
    it(`takes the jitter as a standard deviation where the distribution is normal, to ${address}`, () => {
      // 1.2816 standard deviations of 5 ms: 6.4.
      const early = earliness(of(address));
      assert.ok(early > 5 && early < 8.2, `the early tenth is ${String(early)} ms before the middle`);
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
    assert.equal(packets, 2 * count);
    assert.equal(drops, 0);
    assert.ok(leaseLeftMs > 30_000 && leaseLeftMs <= 60_000, `${String(leaseLeftMs)} ms left`);
  });
});
