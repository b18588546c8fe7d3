import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processNamespaces } from '../../../../src/agent/index.ts';
import { withNamespace } from '../../../../src/agent/kernel/namespace.ts';
import { command } from '../../../kernel/namespaces.ts';
import { canMakePods, createNodePod, type NodePod } from './pods.ts';

const isRoot = process.getuid?.() === 0;
/** Where this machine's first process is closed even to root, it stands for one that may not be looked at. */
const canLookAtFirst = ((): boolean => {
  try {
    return statSync('/proc/1/ns/net').ino > 0;
  } catch {
    return false;
  }
})();
const ofProcess = (pid: number) => `/proc/${String(pid)}/ns/net`;

/** Named namespaces of the test's own, which stand for what a container runtime makes. */
function useNamespaces() {
  const names: string[] = [];
  afterEach(async () => {
    for (const name of names.splice(0)) await command('ip', ['netns', 'del', name]);
  });
  return async () => {
    const name = `cni-${randomUUID()}`;
    await command('ip', ['netns', 'add', name]);
    names.push(name);
    const path = `/run/netns/${name}`;
    return { path, inode: statSync(path).ino };
  };
}

describe.skipIf(!canMakePods)('namespaces of processes in real cgroups', () => {
  const createNamespace = useNamespaces();
  const namespaces = processNamespaces();
  let pod: NodePod;
  beforeEach(() => {
    pod = createNodePod();
  });
  afterEach(async () => {
    await pod.dispose();
  });

  it('are found by the uid of the pod, once for all its containers, and not for any other', async () => {
    const { path, inode } = await createNamespace();
    const sandbox = await pod.startContainer(path);
    await pod.startContainer(path);
    expect(await namespaces.find(pod.uid)).toEqual({ path: ofProcess(sandbox.pid), inode });
    expect(await namespaces.find(randomUUID())).toBeUndefined();
    const listed = (await namespaces.list()).filter(({ podUid }) => podUid === pod.uid);
    expect(listed).toMatchObject([{ inode }]);
  });

  it('are found again when the process that named them has ended, and lost with the last', async () => {
    const { path, inode } = await createNamespace();
    const sandbox = await pod.startContainer(path);
    const app = await pod.startContainer(path);
    const found = { podUid: pod.uid, path: ofProcess(sandbox.pid), inode };
    expect(await namespaces.pathOf(found)).toBe(found.path);
    await sandbox.end();
    expect(await namespaces.pathOf(found)).toBe(ofProcess(app.pid));
    expect(await withNamespace(namespaces, found, async (file) => Promise.resolve(statSync(file).ino))).toBe(inode);
    await app.end();
    expect(await namespaces.find(pod.uid)).toBeUndefined();
    await expect(withNamespace(namespaces, found, () => Promise.resolve())).rejects.toMatchObject({ code: 'NotFound' });
  });

  it("are not taken from a path that is another pod's by now", async () => {
    const other = createNodePod();
    try {
      const { path, inode } = await createNamespace();
      const mine = await pod.startContainer(path);
      const theirs = await other.startContainer(path);
      // The same namespace, so that the inode alone would not tell.
      expect(await namespaces.pathOf({ podUid: pod.uid, path: ofProcess(theirs.pid), inode })).toBe(ofProcess(mine.pid));
      expect(await namespaces.pathOf({ podUid: pod.uid, path: ofProcess(mine.pid), inode: inode + 1 })).toBeUndefined();
    } finally {
      await other.dispose();
    }
  });

  it('are refused for a pod in the network of the node', async () => {
    await pod.startContainer();
    await expect(namespaces.find(pod.uid)).rejects.toMatchObject({
      code: 'KernelRefused',
      message: expect.stringMatching(/^HostNetwork/) as string,
    });
    expect((await namespaces.list()).filter(({ podUid }) => podUid === pod.uid)).toEqual([]);
  });

  it('are those of most containers where one has made its own, and refused where that is not to be decided', async () => {
    const [{ path, inode }, own] = [await createNamespace(), await createNamespace()];
    await pod.startContainer(path);
    await pod.startContainer(own.path);
    await expect(namespaces.find(pod.uid)).rejects.toMatchObject({
      code: 'KernelRefused',
      message: expect.stringMatching(/^AmbiguousNamespace/) as string,
    });
    await pod.startContainer(path);
    expect(await namespaces.find(pod.uid)).toMatchObject({ inode });
    // A search must find what is in any of them.
    const listed = (await namespaces.list()).filter(({ podUid }) => podUid === pod.uid);
    expect(new Set(listed.map((one) => one.inode))).toEqual(new Set([inode, own.inode]));
  });

  it('are found while a container of the pod is being started, which is in the cgroup first', async () => {
    const { path, inode } = await createNamespace();
    await pod.startContainer(path);
    const starting = await pod.startContainer();
    const looksTwice = processNamespaces('/proc', () => starting.end());
    expect(await looksTwice.find(pod.uid)).toMatchObject({ inode });
  });

  it.each(['', '../..', `pod${randomUUID()}`, 'A'.repeat(32)])('are not looked for by %j, which is no uid', async (uid) => {
    await expect(namespaces.find(uid)).rejects.toMatchObject({ code: 'InvalidInput' });
  });
});

/** A folder like /proc, with symbolic links where /proc has files of the kernel: for nodes that this machine is not. */
describe.skipIf(!isRoot)('namespaces of processes in a folder like /proc', () => {
  const createNamespace = useNamespaces();
  const podUid = '0f0e0d0c0b0a09080706050403020100';
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'squall-proc-'));
    mkdirSync(join(folder, 'sys'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function addProcess(
    pid: number,
    namespace: string,
    { cgroup = '0::/\n', startedAt = pid, name = 'sleep', parent = 1 } = {},
  ): void {
    const own = join(folder, String(pid));
    mkdirSync(join(own, 'ns'), { recursive: true });
    symlinkSync(namespace, join(own, 'ns', 'net'));
    writeFileSync(join(own, 'cgroup'), cgroup);
    writeFileSync(join(own, 'comm'), `${name}\n`);
    writeFileSync(join(own, 'stat'), `${String(pid)} (a (b) c) S ${String(parent)} ${'0 '.repeat(17)}${String(startedAt)} 0 0`);
  }
  const inPod = (container: string) => `1:cpu:/\n0::/kubepods/burstable/pod${podUid}/${container.repeat(64)}\n`;

  it('are found for a static pod, by its oldest process though numbers were given away again', async () => {
    const [{ path, inode }, node] = [await createNamespace(), await createNamespace()];
    addProcess(1, node.path, { name: 'systemd' });
    addProcess(50, path, { cgroup: inPod('a'), startedAt: 900 });
    addProcess(70, path, { cgroup: inPod('b'), startedAt: 300 });
    expect(await processNamespaces(folder).find(podUid)).toEqual({ path: join(folder, '70/ns/net'), inode });
  });

  it("are refused in the namespace of the node's first process, and in the agent's own", async () => {
    const node = await createNamespace();
    addProcess(1, node.path);
    addProcess(50, node.path, { cgroup: inPod('a') });
    await expect(processNamespaces(folder).find(podUid)).rejects.toThrow(/^HostNetwork/);
    rmSync(join(folder, '50'), { recursive: true });
    addProcess(50, '/proc/self/ns/net', { cgroup: inPod('a') });
    await expect(processNamespaces(folder).find(podUid)).rejects.toThrow(/^HostNetwork/);
  });

  it("are not told at all where the node's own is not known, but by the kernel's thread where the first process is closed", async () => {
    const [{ path, inode }, node] = [await createNamespace(), await createNamespace()];
    addProcess(50, path, { cgroup: inPod('a') });
    await expect(processNamespaces(folder).find(podUid)).rejects.toMatchObject({ code: 'PermissionDenied' });
    addProcess(2, node.path, { name: 'not-kthreadd' });
    await expect(processNamespaces(folder).find(podUid)).rejects.toMatchObject({ code: 'PermissionDenied' });
    writeFileSync(join(folder, '2', 'comm'), 'kthreadd\n');
    expect(await processNamespaces(folder).find(podUid)).toMatchObject({ inode });
  });

  it('keep their name between two starts of their containers, unless somebody else is in them by then', async () => {
    const [{ path, inode }, node] = [await createNamespace(), await createNamespace()];
    addProcess(1, node.path);
    mkdirSync(join(folder, '1/root/run/netns'), { recursive: true });
    const pinned = join(folder, '1/root/run/netns/of-the-runtime');
    symlinkSync(path, pinned);
    const namespaces = processNamespaces(folder);
    const held = { podUid, inode, path: join(folder, '50/ns/net') };
    expect(await namespaces.pathOf(held)).toBe(pinned);
    expect(await namespaces.pathOf({ ...held, path: pinned })).toBe(pinned);
    expect(await namespaces.pathOf({ ...held, inode: inode + 1 })).toBeUndefined();
    // A prober of ours is in it and belongs to nobody.
    addProcess(55, path, { parent: process.pid });
    expect(await namespaces.pathOf(held)).toBe(pinned);
    addProcess(60, path);
    expect(await namespaces.pathOf(held)).toBeUndefined();
    expect(await namespaces.pathOf({ ...held, path: pinned })).toBeUndefined();
    addProcess(70, path, { cgroup: inPod('a') });
    expect(await namespaces.pathOf(held)).toBe(join(folder, '70/ns/net'));
  });

  it.skipIf(canLookAtFirst)(
    'are refused, of a pod and of no other, where one of its processes may not be looked at',
    async () => {
      const [{ path, inode }, node] = [await createNamespace(), await createNamespace()];
      const other = 'f'.repeat(32);
      addProcess(1, node.path);
      addProcess(50, path, { cgroup: inPod('a') });
      addProcess(60, '/proc/1/ns/net', { cgroup: `0::/kubepods/pod${other}/${'c'.repeat(64)}` });
      const namespaces = processNamespaces(folder);
      expect(await namespaces.find(podUid)).toMatchObject({ inode });
      expect(await namespaces.list()).toMatchObject([{ podUid, inode }]);
      await expect(namespaces.find(other)).rejects.toMatchObject({ code: 'PermissionDenied' });
    },
  );

  it('leave out what ends while it is looked at', async () => {
    const [{ path, inode }, node] = [await createNamespace(), await createNamespace()];
    addProcess(1, node.path);
    addProcess(50, path, { cgroup: inPod('a') });
    addProcess(51, join(folder, 'nothing'), { cgroup: inPod('b') });
    mkdirSync(join(folder, '52'));
    expect(await processNamespaces(folder).find(podUid)).toMatchObject({ inode });
  });
});
