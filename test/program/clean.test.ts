import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { runProgram } from '../../src/lib/index.ts';
import { assertSame, createPair, delay, inside, type Pair, type Snapshot, snapshot, start, work } from '../kernel/namespaces.ts';

/** In the guest nobody else's instances are, so that `--all` is all of this test. */
async function squall(...args: string[]) {
  return await runProgram(process.execPath, [resolve('bin/squall.js'), ...args], { timeoutMs: 120_000 });
}

describe('squall clean', () => {
  let pairs: Pair[];
  let found: Snapshot[];
  beforeEach(async () => {
    pairs = [await createPair({ queueLength: 0 }), await createPair()];
    for (const { target } of pairs) await inside(target, ['nft', '-f', '-'], 'add table inet firewall\n');
    found = await Promise.all(pairs.map(async ({ target }) => await snapshot(target)));
    for (const pair of pairs) {
      await start(pair, work('slow', delay(60), [2]));
      await writeFile(join(pair.stateFolder, 'instance'), `${pair.instance}\n`);
    }
  });
  afterEach(async () => {
    for (const pair of pairs) await pair.dispose();
  });

  it('undoes its own instance byte for byte, and with --all whatever any other has left, each said', async () => {
    const [own, other] = pairs;
    assert.ok(own !== undefined && other !== undefined && found[0] !== undefined && found[1] !== undefined);
    const others = await snapshot(other.target);
    const first = await squall('clean', '--state', own.stateFolder);
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /^undone .*: fault slow on eth0\nresidue 0\n$/);
    assertSame(await snapshot(own.target), found[0]);
    assertSame(await snapshot(other.target), others);

    const all = await squall('clean', '--all', '--state', own.stateFolder);
    assert.equal(all.code, 0, all.stderr);
    const path = `/run/netns/${other.target}`;
    const tree = new RegExp(`tree of sq${other.instance}e\\w{4}`).exec(all.stdout)?.[0] ?? 'a tree on a device of ours';
    const lines = [
      `found ${path}: table squall_${other.instance}, ${tree}`,
      `removed ${path}: table squall_${other.instance}`,
      `removed ${path}: ${tree}`,
      'residue 0',
    ];
    assert.equal(all.stdout, `${lines.join('\n')}\n`);
    assertSame(await snapshot(other.target), found[1]);
  });

  it('with --all takes its own instance back by its ledger, queue lengths included, and a tree that has lost its table', async () => {
    const [own, other] = pairs;
    assert.ok(own !== undefined && other !== undefined && found[0] !== undefined && found[1] !== undefined);
    await inside(other.target, ['nft', 'delete', 'table', 'inet', `squall_${other.instance}`]);
    const { code, stdout, stderr } = await squall('clean', '--all', '--state', own.stateFolder);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^undone .*: fault slow on eth0$/m);
    assert.match(stdout, /^residue 0$/m);
    assertSame(await snapshot(own.target), found[0]);
    assertSame(await snapshot(other.target), found[1]);
  });
});
