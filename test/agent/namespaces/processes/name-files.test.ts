import { readdirSync, readFileSync, statSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processNameFiles } from '../../../../src/agent/index.ts';
import { byNearnessToWork } from '../../../../src/agent/namespaces/processes/name-files.ts';
import { onlyFind } from '../../../../src/probes/index.ts';
import { readInRoot } from '../../../../src/probes/host-lookup/file-in-root.ts';
import { command } from '../../../kernel/namespaces.ts';
import { canMakePods, createNodePod, type NodePod } from './pods.ts';

describe('the process whose files say how a pod finds names', () => {
  const process = (pid: number, startedAt: number, container?: string) => ({ pid, startedAt, container });
  it.each([
    [
      'is of the containers, oldest first, with the sandbox last',
      [process(1, 1, 's'), process(3, 3, 'b'), process(2, 2, 'a')],
      [2, 3, 1],
    ],
    ['is the first of its container', [process(9, 9, 'a'), process(2, 2, 'a'), process(1, 1, 's')], [2, 1]],
    ['is of the only container', [process(2, 2, 'a'), process(3, 3, 'a')], [2]],
    ['is of no container where there is one', [process(1, 1), process(2, 2, 'a')], [2]],
    ['is the oldest where there is no container', [process(2, 2), process(1, 1)], [1]],
    ['is nobody where there is none', [], []],
  ])('%s', (_which, processes, pids) => {
    expect(byNearnessToWork(processes).map(({ pid }) => pid)).toEqual(pids);
  });
});

describe.skipIf(!canMakePods)('the files of a real pod', () => {
  let pod: NodePod;
  let name: string;
  beforeEach(async () => {
    pod = createNodePod();
    name = `cni-${randomUUID()}`;
    await command('ip', ['netns', 'add', name]);
  });
  afterEach(async () => {
    await pod.dispose();
    await command('ip', ['netns', 'del', name]);
  });

  it('are read below the root of one of its processes, which is open for no longer than that', async () => {
    const path = `/run/netns/${name}`;
    const namespace = { podUid: pod.uid, path, inode: statSync(path).ino };
    await pod.startContainer(path);
    await pod.startContainer(path);
    const open = readdirSync('/proc/self/fd').length;
    const content = await processNameFiles()(namespace, (files) => ('root' in files ? readInRoot(files.root, 'etc/hosts') : ''));
    expect(content).toBe(readFileSync('/etc/hosts', 'utf8'));
    expect(readdirSync('/proc/self/fd')).toHaveLength(open);
    expect(onlyFind).toBe(0x200000);
  });

  it('are not those of another pod, nor of a process in another namespace', async () => {
    const path = `/run/netns/${name}`;
    const { ino: inode } = statSync(path);
    await pod.startContainer(path);
    const use = () => 'used';
    await expect(processNameFiles()({ podUid: randomUUID(), path, inode }, use)).rejects.toMatchObject({ code: 'NotFound' });
    await expect(processNameFiles()({ podUid: pod.uid, path, inode: inode + 1 }, use)).rejects.toMatchObject({
      code: 'NotFound',
    });
  });
});
