/** One version of a fault takes the place of another, on whatever kernel the tests run on. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fault, FaultWork } from '../../../src/api/index.ts';
import { versionOfFault } from '../../../src/faults/index.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { addressesOf, createPair, keepPinging, loss, type Pair, ping, snapshot, start, work } from '../../kernel/namespaces.ts';
import { answered, lost } from '../../kernel/statistics.ts';

const partition: Fault = { type: 'partition' };
const untouched = { residue: 0, changedByOthers: [] };

describe('versions of a fault', { timeout: 60_000 }, () => {
  let pair: Pair;
  let found: Awaited<ReturnType<typeof snapshot>>;
  beforeEach(async () => {
    pair = await createPair({ acting: 'htb' });
    found = await snapshot(pair.target);
  });
  afterEach(async () => {
    await pair.dispose();
  });
  const exchange = async (ends: string, next: FaultWork, timeoutMs = 60_000) => {
    await pair.driver.prepare(pair.namespace, next);
    await pair.driver.exchange(pair.namespace, { ends, begins: next.id }, () => timeoutMs);
    expect(await pair.driver.remove(pair.namespace, ends)).toEqual(untouched);
  };
  const lossOf = async (...peers: number[]) => {
    const times = await ping(pair.target, addressesOf(...peers), { count: 50, periodMs: 2, timeoutMs: 300 });
    return addressesOf(...peers).map((address) => lost(times[address] ?? []));
  };

  it.each(['egress', 'ingress', 'both'] as const)(
    'let no packet through in between on %s, and lose none of others, one version after the other',
    async (direction) => {
      const { driver, namespace, target } = pair;
      const cut = work('cut', partition, [2], { direction });
      await start(pair, cut);
      const pinging = keepPinging(target, addressesOf(2, 9));
      let before = cut;
      for (const number of [1, 2, 3]) {
        const next = versionOfFault(work('cut', partition, [2, 2 + number], { direction }), number);
        await exchange(before.id, next);
        expect(await driver.verify(namespace)).toEqual([]);
        before = next;
      }
      const { times } = await pinging.end();
      for (const address of addressesOf(2)) expect(answered(times[address] ?? [])).toEqual([]);
      for (const address of addressesOf(9)) expect(lost(times[address] ?? [])).toBe(0);
      expect(await lossOf(3, 5)).toEqual([0, 0, 50, 50]);
      expect(await driver.remove(namespace, before.id)).toEqual(untouched);
      expect(await snapshot(target)).toEqual(found);
    },
  );

  it('never act on one packet together, also beside a fault that does', async () => {
    const { driver, namespace } = pair;
    const beside = work('beside', loss(0.001), [2, 3]);
    await start(pair, work('cut', loss(100), [2]), beside);
    await driver.prepare(namespace, versionOfFault(work('cut', loss(100), [3]), 1));
    // Both versions are there, and the first alone is held.
    expect(await lossOf(2, 3)).toEqual([50, 50, 0, 0]);
    await driver.exchange(namespace, { ends: 'cut', begins: 'cutv1' }, () => 60_000);
    expect(await lossOf(2, 3)).toEqual([0, 0, 50, 50]);
    for (const id of ['cut', 'beside', 'cutv1']) expect(await driver.remove(namespace, id)).toEqual(untouched);
    expect(await snapshot(pair.target)).toEqual(found);
  });

  it('do not follow one that the kernel has ended: neither is held', async () => {
    const { driver, namespace } = pair;
    await start(pair, work('cut', partition, [2]));
    await driver.commit(namespace, 'cut', () => 200);
    await driver.prepare(namespace, versionOfFault(work('cut', partition, [2, 3]), 1));
    await systemClock.sleep(300);
    await expect(driver.exchange(namespace, { ends: 'cut', begins: 'cutv1' }, () => 60_000)).rejects.toMatchObject({
      code: 'KernelRefused',
      message: expect.stringMatching(/^LeaseExpired: .* fault cut /) as string,
    });
    expect(await lossOf(2, 3)).toEqual([0, 0, 0, 0]);
    await driver.sweep();
    expect(await snapshot(pair.target)).toEqual(found);
  });
});
