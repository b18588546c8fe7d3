/** On tables, which every kernel of the tests has; trees are in test/kernel. Only namespaces of the test's own are looked at. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listLeftovers, removeLeftover } from '../../../src/agent/leftovers/leftovers.ts';
import { listNamespaces, type MachineNamespace } from '../../../src/agent/leftovers/namespaces.ts';
import { createPair, inside, type Pair, snapshot } from '../../kernel/namespaces.ts';

/** A process with an agent's arguments that does nothing; ready once it has printed. */
async function pretendAgent(instance: string): Promise<ChildProcess> {
  const program = 'process.stdout.write("ready"); setInterval(() => undefined, 1000)';
  const args = ['-e', program, '--', '--socket', '/nowhere', '--node', 'node', '--instance', instance, '--state', '/nowhere'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

describe('leftovers', () => {
  let pair: Pair;
  let namespace: MachineNamespace;
  beforeEach(async () => {
    pair = await createPair();
    const path = `/run/netns/${pair.target}`;
    namespace = { path, inode: (await stat(path)).ino };
  });
  afterEach(async () => {
    await pair.dispose();
  });

  const addTable = async (name: string) => await inside(pair.target, ['nft', '-f', '-'], `add table ${name}\n`);

  it('go, of any instance, and what looks like them stays', async () => {
    await addTable('inet squall_lab_01234567');
    await addTable('ip squall_01234567');
    await addTable('inet squall_0123456g');
    const foreign = await snapshot(pair.target);
    await addTable('inet squall_01234567');
    await addTable('inet squall_89abcdef');
    const { found, unknown } = await listLeftovers([namespace]);
    expect(unknown).toEqual([]);
    expect(found).toEqual([{ namespace, instances: ['01234567', '89abcdef'], devices: [], kept: [] }]);
    expect(await removeLeftover({ namespace })).toEqual({
      removed: [`${namespace.path}: table squall_01234567`, `${namespace.path}: table squall_89abcdef`],
      left: [],
    });
    expect(await snapshot(pair.target)).toEqual(foreign);
    expect((await listLeftovers([namespace])).found).toEqual([]);
  });

  it('are no longer those once an agent of the instance is alive', async () => {
    await addTable(`inet squall_${pair.instance}`);
    const before = await snapshot(pair.target);
    const agent = await pretendAgent(pair.instance);
    try {
      const { found } = await listLeftovers([namespace]);
      expect(found).toMatchObject([
        { instances: [], kept: [expect.stringContaining(`agent of instance ${pair.instance} is alive`)] },
      ]);
      expect(await removeLeftover({ namespace })).toEqual({ removed: [], left: [] });
      expect(await snapshot(pair.target)).toEqual(before);
    } finally {
      agent.kill('SIGKILL');
      await once(agent, 'exit');
    }
    expect((await removeLeftover({ namespace })).removed).toEqual([`${namespace.path}: table squall_${pair.instance}`]);
  });

  it('of a namespace that is gone are none', async () => {
    const gone = { path: namespace.path, inode: namespace.inode + 1_000_000 };
    expect(await listLeftovers([gone])).toEqual({ found: [], unknown: [] });
    expect(await removeLeftover({ namespace: gone })).toEqual({ removed: [], left: [] });
  });

  it('are looked for in each namespace once, named or only used by a process', async () => {
    const held = [`--net=${namespace.path}`, '--', 'sh', '-c', 'echo inside; exec sleep 60'];
    const child = spawn('nsenter', held, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(child.stdout, 'data');
      const listed = await listNamespaces();
      expect(listed.filter(({ inode }) => inode === namespace.inode)).toEqual([namespace]);
      const byProcess = (await listNamespaces('/nowhere')).filter(({ inode }) => inode === namespace.inode);
      expect(byProcess).toEqual([{ inode: namespace.inode, path: `/proc/${String(child.pid)}/ns/net` }]);
      const own = await stat('/proc/self/ns/net');
      expect(listed.filter(({ inode }) => inode === own.ino)).toHaveLength(1);
      expect(new Set(listed.map(({ inode }) => inode)).size).toBe(listed.length);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
});
