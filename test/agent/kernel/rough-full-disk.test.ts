/** A full disk where the ledger is: a small file system of its own, filled up. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKernelDriver, type LocalKernelDriver } from '../../../src/agent/kernel/index.ts';
import type { Fault } from '../../../src/api/index.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { createPair, inside, loss, type Pair, type Snapshot, snapshot, start, work } from '../../kernel/namespaces.ts';
import { createAgentBench, phaseIs } from './agent-bench.ts';
import { mountSmallDisk, type SmallDisk } from './small-disk.ts';

const partition: Fault = { type: 'partition' };
const untouched = { residue: 0, changedByOthers: [] };
const notWritten = {
  code: 'Unavailable',
  message: expect.stringMatching(
    /^LedgerNotWritten: ledger file \S+\/ledger\/\d+\.json could not be written: ENOSPC.*not put into a kernel; free its disk/,
  ) as string,
};

describe('on a full disk', { timeout: 30_000 }, () => {
  let pair: Pair;
  let found: Snapshot;
  let disk: SmallDisk;
  const life = async (): Promise<LocalKernelDriver> =>
    await createKernelDriver({
      stateFolder: disk.stateFolder,
      instance: pair.instance,
      clock: systemClock,
      chooseDriver: () => Promise.resolve('htb'),
    });
  beforeEach(async () => {
    pair = await createPair({ acting: 'htb' });
    disk = await mountSmallDisk(join(pair.stateFolder, 'disk'));
    pair = { ...pair, driver: await life() };
    found = await snapshot(pair.target);
  });
  afterEach(async () => {
    await disk.dispose();
    await pair.dispose();
  });
  const ledgerFiles = async () => await readdir(join(disk.stateFolder, 'ledger'));

  it('no fault is prepared, nothing comes into the kernel, and none is left half-written; with room it is', async () => {
    expect(await pair.driver.sweep()).toEqual({ removed: [], residue: 0 });
    await disk.fill();
    await expect(pair.driver.prepare(pair.namespace, work('cut', partition, [2]))).rejects.toMatchObject(notWritten);
    expect(await snapshot(pair.target)).toEqual(found);
    expect(await ledgerFiles()).toEqual([]);
    await disk.free();
    await start(pair, work('cut', partition, [2]));
    expect(await pair.driver.remove(pair.namespace, 'cut')).toEqual(untouched);
    expect(await snapshot(pair.target)).toEqual(found);
  });

  it('a second fault is refused, and the first goes on as it was', async () => {
    await start(pair, work('cut', partition, [2]));
    const before = [await snapshot(pair.target), await ledgerFiles()];
    await disk.fill();
    await expect(pair.driver.prepare(pair.namespace, work('tenth', loss(10), [3]))).rejects.toMatchObject(notWritten);
    expect([await snapshot(pair.target), await ledgerFiles()]).toEqual(before);
    expect(await pair.driver.verify(pair.namespace)).toEqual([]);
    await pair.driver.renew(pair.namespace, 'cut', () => 60_000);
    expect(await pair.driver.remove(pair.namespace, 'cut')).toEqual(untouched);
    expect(await snapshot(pair.target)).toEqual(found);
  });

  const undoes: [string, () => Promise<unknown>, unknown][] = [
    ['its own life', async () => await pair.driver.remove(pair.namespace, 'cut'), untouched],
    ['the next life', async () => (await (await life()).sweep()).residue, 0],
  ];
  it.each(undoes)('a fault is undone and proven so by %s', async (_, undo, clean) => {
    await pair.driver.sweep();
    await start(pair, work('cut', partition, [2]));
    await disk.fill();
    expect(await undo()).toEqual(clean);
    expect(await snapshot(pair.target)).toEqual(found);
    expect(await ledgerFiles()).toEqual([]);
  });

  it('a table that the ledger does not know is removed, and that the search is not noted is told', async () => {
    await inside(pair.target, ['nft', 'add', 'table', 'inet', `squall_${pair.instance}`]);
    await disk.fill();
    expect(await (await life()).sweep()).toEqual({
      removed: [
        expect.stringContaining(pair.namespace.path) as string,
        expect.stringMatching(/^that all was searched could not be noted: ENOSPC/) as string,
      ],
      residue: 0,
    });
    expect(await snapshot(pair.target)).toEqual(found);
  });

  it('one of two faults is undone: at the latest with the whole target at the next try, when the other is told to be gone', async () => {
    await start(pair, work('cut', partition, [2]), work('tenth', loss(10), [3]));
    await disk.fill();
    await expect(pair.driver.remove(pair.namespace, 'cut')).rejects.toMatchObject(notWritten);
    expect(await pair.driver.remove(pair.namespace, 'cut')).toEqual(untouched);
    expect(await snapshot(pair.target)).toEqual(found);
    await expect(pair.driver.read(pair.namespace, 'tenth')).rejects.toMatchObject({
      message: expect.stringMatching(/^NotPrepared/) as string,
    });
    expect(await ledgerFiles()).toEqual([]);
  });
});

describe('an agent whose disk is full', { timeout: 60_000 }, () => {
  it('starts, undoes what its former life left, refuses a fault, says why, and takes one again when there is room', async () => {
    const bench = await createAgentBench();
    const { pair, found } = bench;
    const disk = await mountSmallDisk(join(pair.stateFolder, 'disk'));
    try {
      const { stateFolder } = disk;
      const former = await createKernelDriver({ stateFolder, instance: pair.instance, clock: systemClock });
      await start({ ...pair, driver: former }, work('former', partition, [3]));
      await disk.fill();
      const agent = await bench.startAgent({ state: stateFolder });
      expect(await agent.said('"swept"')).toMatch(/fault former on eth0.*"residue":0/);
      expect(await snapshot(pair.target)).toEqual(found);

      await disk.fill();
      const refused = await bench.startFault(work('cut', partition, [2]));
      const { targets, residue } = await bench.statusUntil(refused, phaseIs('Refused'));
      expect([targets[0]?.reason, targets[0]?.message, residue]).toEqual([notWritten.code, notWritten.message, 0]);
      expect(await snapshot(pair.target)).toEqual(found);

      await disk.free();
      const held = await bench.startFault(work('held', partition, [2]));
      await bench.statusUntil(held, phaseIs('Active'));
      await disk.fill();
      await bench.orderUndo(held);
      expect(await bench.statusUntil(held, phaseIs('Clean'))).toMatchObject({ residue: 0 });
      expect(await snapshot(pair.target)).toEqual(found);
      expect(await readdir(join(stateFolder, 'ledger'))).toEqual([]);
    } finally {
      await bench.endAgents();
      await disk.dispose();
      await bench.dispose();
    }
  });
});
