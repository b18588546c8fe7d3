import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Fault } from '../../src/api/index.ts';
import { addressesOf, createPair, delay, type Pair, ping, start, work } from './namespaces.ts';
import { answered, lost, median, quantile } from './statistics.ts';

const jittered = (distribution: 'uniform' | 'normal'): Fault => ({ type: 'delay', delayMs: 50, jitterMs: 5, distribution });
/** What a slow machine's timers and scheduler add at most, in the middle of many probes. */
const machineMs = 3;
/** Judged by this, and not by the standard deviation: a machine that stalls for a moment makes a few probes very late, never early. */
const middleFourFifths = (values: readonly number[]): number => quantile(values, 0.9) - quantile(values, 0.1);

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
      assert.ok(Math.abs(median(added) - 50) <= machineMs, `median ${String(median(added))}`);
      // Of an even spread over 10 ms, the middle four fifths cover 8.
      const covered = middleFourFifths(added);
      assert.ok(covered > 7 && covered < 10, `the middle four fifths cover ${String(covered)} ms`);
      assert.ok(Math.min(...added) > 44, `shortest ${String(Math.min(...added))}`);
    });
  }

  for (const address of addressesOf(5)) {
    it(`takes the jitter as a standard deviation where the distribution is normal, to ${address}`, () => {
      // 2 × 1.2816 standard deviations of 5 ms: 12.8.
      const covered = middleFourFifths(of(address));
      assert.ok(covered > 10.5 && covered < 15.5, `the middle four fifths cover ${String(covered)} ms`);
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
