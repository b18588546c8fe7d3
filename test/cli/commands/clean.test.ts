import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockState } from '../../../src/cli/state-lock.ts';
import { createPair, inside, type Pair, snapshot } from '../../kernel/namespaces.ts';
import { squall } from '../squall.ts';

const timeout = 120_000;

/** `--all` would take what other programs of this machine are testing: it runs where nobody else is, in test/kernel. */
describe('squall clean', () => {
  let pair: Pair;
  beforeEach(async () => {
    pair = await createPair();
    await writeFile(join(pair.stateFolder, 'instance'), `${pair.instance}\n`);
  });
  afterEach(async () => {
    await pair.dispose();
  });
  const addTable = async (instance: string) =>
    await inside(pair.target, ['nft', '-f', '-'], `add table inet squall_${instance}\n`);

  it(
    "undoes what this state folder's instance has left, and nothing of another",
    async () => {
      await addTable('0a0a0a0a');
      const others = await snapshot(pair.target);
      await addTable(pair.instance);
      const { code, stdout, stderr } = await squall('clean', '--state', pair.stateFolder);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toBe(`undone /run/netns/${pair.target}: a table that the ledger did not know, and its tree\nresidue 0\n`);
      expect(await snapshot(pair.target)).toEqual(others);
    },
    timeout,
  );

  it(
    'touches nothing while a squall works on the folder that does not answer',
    async () => {
      await addTable(pair.instance);
      const before = await snapshot(pair.target);
      using _locked = lockState(pair.stateFolder);
      const { code, stderr } = await squall('clean', '--state', pair.stateFolder);
      expect(stderr).toMatch(/StateInUse: a squall works on the state folder .* and does not answer; try again, or end it first/);
      expect(code).toBe(7);
      expect(await snapshot(pair.target)).toEqual(before);
    },
    timeout,
  );

  it(
    'does not take a folder that was never used for a clean one, and makes nothing in it',
    async () => {
      const folder = join(pair.stateFolder, 'another');
      const { code, stderr } = await squall('clean', '--state', folder);
      expect(stderr).toMatch(/NotFound: nothing was ever started on .*--all/);
      expect(code).toBe(7);
      expect(await readdir(pair.stateFolder)).not.toContain('another');
    },
    timeout,
  );
});
