/** A rate of the driver htb, on whatever kernel the tests run on; what sends faster than it wants the machine for itself. */
import { expect, it, onTestFinished } from 'vitest';
import type { Fault } from '../../../src/api/index.ts';
import { addressesOf, createPair, loss, snapshot, start, work } from '../../kernel/namespaces.ts';
import { throughputOf } from '../../kernel/throughput.ts';

const rate = (bitsPerSecond: number): Fault => ({ type: 'rate', bitsPerSecond, latencyMs: 50 });

it.each(['egress', 'ingress'] as const)(
  'lets 8 Mbit/s through on %s without netem, of a rate and of a rate that also loses',
  async (direction) => {
    const pair = await createPair({ acting: 'htb' });
    onTestFinished(pair.dispose);
    const found = await snapshot(pair.target);
    const way = direction === 'egress' ? 'from the target' : 'to the target';
    const works = [
      work('slow', rate(8e6), [2], { direction }),
      work('slower', rate(8e6), [3], { direction }),
      // Next to nothing: what is lost first may be the one datagram by which iperf3 begins.
      work('lossy', loss(0.01), [3], { direction }),
    ];
    await start(pair, ...works);
    // The frame's header of 14 bytes is counted by the rate, and not by what receives.
    const expected = (8e6 * 1028) / 1042;
    for (const [address = ''] of [addressesOf(2), addressesOf(3)]) {
      const share = (await throughputOf(pair, address, way)) / expected;
      expect(share).toBeGreaterThan(0.95);
      expect(share).toBeLessThan(1.05);
    }
    for (const { id } of works) expect(await pair.driver.remove(pair.namespace, id)).toEqual({ residue: 0, changedByOthers: [] });
    expect(await snapshot(pair.target)).toEqual(found);
  },
  120_000,
);
