/** A fault that changes while it is held: what waits goes on, what comes later meets the next version, and nobody else notices. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Fault, FaultWork } from '../../src/api/index.ts';
import { versionOfFault } from '../../src/faults/index.ts';
import {
  addressesOf,
  assertSame,
  createPair,
  delay,
  keepPinging,
  loss,
  type Pair,
  ping,
  type Snapshot,
  snapshot,
  start,
  work,
} from './namespaces.ts';
import { answered, lost, median } from './statistics.ts';

const machineMs = 20;
const untouched = { residue: 0, changedByOthers: [] };

describe('a fault that changes', () => {
  let pair: Pair;
  let found: Snapshot;
  before(async () => {
    pair = await createPair();
    found = await snapshot(pair.target);
  });
  afterEach(async () => {
    await pair.driver.sweep();
    assertSame(await snapshot(pair.target), found);
  });
  after(async () => {
    await pair.dispose();
  });

  const medianTo = async (number: number): Promise<number> => {
    const times = await ping(pair.target, addressesOf(number), { count: 5, periodMs: 20 });
    return median(Object.values(times).flatMap(answered));
  };
  const assertNear = (measured: number, wanted: number) => {
    assert.ok(measured > wanted - 1 && measured < wanted + machineMs, `${String(measured)} ms instead of ${String(wanted)}`);
  };
  const exchange = async (ends: string, next: FaultWork) => {
    await pair.driver.prepare(pair.namespace, next);
    await pair.driver.exchange(pair.namespace, { ends, begins: next.id }, () => 60_000);
    assert.deepEqual(await pair.driver.remove(pair.namespace, ends), untouched);
    assert.deepEqual(await pair.driver.verify(pair.namespace), []);
  };

  it('takes every new delay without losing a packet, beside another fault that neither loses one', async () => {
    const { target } = pair;
    const slow = (delayMs: number) => work('slow', delay(delayMs), [2]);
    await start(pair, slow(40), work('beside', delay(30), [2, 3]));
    const pinging = keepPinging(target, addressesOf(2, 3, 4));
    let id = 'slow';
    for (const [index, delayMs] of [140, 90, 240].entries()) {
      const next = versionOfFault(slow(delayMs), index + 1);
      await exchange(id, next);
      id = next.id;
      assertNear(await medianTo(2), delayMs + 30);
      assertNear(await medianTo(3), 30);
    }
    const { times } = await pinging.end();
    for (const [address, row] of Object.entries(times)) assert.equal(lost(row), 0, address);
  });

  it('takes another table of jitter, and loss in bursts', async () => {
    const jitter = (distribution: 'normal' | 'pareto', jitterMs: number): Fault => ({
      ...{ type: 'delay', delayMs: 50, jitterMs, distribution },
    });
    const changes: [string, Fault, Fault][] = [
      ['spread', jitter('normal', 5), jitter('pareto', 8)],
      ['lossy', loss(10), { type: 'loss', percent: 30, burst: 4 }],
    ];
    for (const [id, from, to] of changes) {
      await start(pair, work(id, from, [2]));
      const next = versionOfFault(work(id, to, [2]), 1);
      await exchange(id, next);
      assert.deepEqual(await pair.driver.remove(pair.namespace, next.id), untouched);
    }
  });
});
