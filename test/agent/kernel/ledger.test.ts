import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLedger, type Ledger } from '../../../src/agent/kernel/ledger.ts';
import { delay, work } from '../../faults/works.ts';
import { entryOf, instance, somewhere } from './entries.ts';

describe('the ledger', () => {
  let folder: string;
  let ledger: Ledger;
  const entry = entryOf([work('f1', delay(100))]);
  const file = () => join(folder, 'ledger', `${String(somewhere.inode)}.json`);
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'squall-ledger-'));
    ledger = createLedger(folder, instance, 'this-boot');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('reads back what was written, in this life and in the next', async () => {
    await ledger.write(entry);
    const next = createLedger(folder, instance, 'this-boot');
    expect(await next.read(somewhere)).toEqual(entry);
    expect(await next.list()).toEqual([{ inode: somewhere.inode, entry }]);
    await next.remove(somewhere.inode);
    expect(await ledger.read(somewhere)).toBeUndefined();
    expect(await readdir(join(folder, 'ledger'))).toEqual([]);
  });

  it('replaces an entry as a whole and leaves no other file', async () => {
    await ledger.write(entry);
    await ledger.write(entryOf([work('f2', delay(5))]));
    expect((await ledger.read(somewhere))?.works.map(({ id }) => id)).toEqual(['f2']);
    expect(await readdir(join(folder, 'ledger'))).toHaveLength(1);
  });

  it('forgets what a former life was writing as it was killed, and keeps what that was to replace', async () => {
    await ledger.removeHalves();
    await ledger.write(entry);
    await writeFile(`${file()}.new`, '{"version":1,');
    await ledger.removeHalves();
    expect(await readdir(join(folder, 'ledger'))).toEqual([`${String(somewhere.inode)}.json`]);
    expect(await ledger.read(somewhere)).toEqual(entry);
  });

  it('knows nothing where there is no folder yet', async () => {
    expect(await ledger.read(somewhere)).toBeUndefined();
    expect(await ledger.list()).toEqual([]);
    await expect(ledger.remove(1)).resolves.toBeUndefined();
  });

  it.each([
    ['an older namespace with the same inode', { ...entry, namespace: { ...somewhere, podUid: 'older' } }],
    ['another boot', { ...entry, bootId: 'other-boot' }],
    ['another instance', { ...entry, instance: 'ffffffff' }],
    ['another version', { ...entry, version: 2 }],
  ])('does not take the entry of %s for this namespace', async (_, foreign) => {
    await ledger.write(entry);
    await writeFile(file(), JSON.stringify(foreign));
    expect(await ledger.read(somewhere)).toBeUndefined();
  });

  it('is whole once everything was searched, in this boot and as long as its folder is the same', async () => {
    expect(await ledger.isWhole()).toBe(false);
    await ledger.markWhole();
    expect(await ledger.isWhole()).toBe(true);
    expect(await createLedger(folder, instance, 'this-boot').isWhole()).toBe(true);
    expect(await createLedger(folder, instance, 'other-boot').isWhole()).toBe(false);
    expect(await createLedger(folder, 'ffffffff', 'this-boot').isWhole()).toBe(false);
    await ledger.write(entry);
    await rm(join(folder, 'ledger'), { recursive: true });
    expect(await ledger.isWhole()).toBe(false);
    await ledger.write(entry);
    expect(await ledger.isWhole()).toBe(false);
  });

  it('lists a file that is no entry as one that cannot be read, so that the sweep looks for the table', async () => {
    await ledger.write(entry);
    await writeFile(file(), (await readFile(file(), 'utf8')).slice(0, -20));
    expect(await ledger.list()).toEqual([{ inode: somewhere.inode, entry: undefined }]);
  });

  it('ignores a file that a crash left before it was renamed', async () => {
    await ledger.write(entry);
    await writeFile(`${file()}.new`, '{');
    expect(await ledger.list()).toHaveLength(1);
    expect(await ledger.read(somewhere)).toEqual(entry);
  });
});
