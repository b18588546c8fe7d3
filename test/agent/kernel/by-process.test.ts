/**
 * The driver where namespaces are those of processes, on whatever kernel the tests run on: real processes in real cgroups, and a gate
 * for real. Trees need netem, which many kernels lack (test/kernel has those).
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKernelDriver, processNamespaces } from '../../../src/agent/index.ts';
import type { KernelDriver, Namespace } from '../../../src/agent/kernel-driver.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { createPair, delay, inside, type Pair, snapshot, work } from '../../kernel/namespaces.ts';
import { canMakePods, createNodePod, type NodePod, type PodContainer } from '../namespaces/processes/pods.ts';
import { gateOnly } from './gate-only.ts';

describe.skipIf(!canMakePods)('the driver, in the namespace of a pod’s processes', () => {
  const namespaces = processNamespaces();
  let pair: Pair;
  let pod: NodePod;
  let sandbox: PodContainer;
  let app: PodContainer;
  let namespace: Namespace;
  let found: Awaited<ReturnType<typeof snapshot>>;

  beforeEach(async () => {
    pair = await createPair();
    found = await snapshot(pair.target);
    pod = createNodePod();
    const path = `/run/netns/${pair.target}`;
    [sandbox, app] = [await pod.startContainer(path), await pod.startContainer(path)];
    namespace = await (await startDriver()).openNamespace(pod.uid, `/proc/${String(sandbox.pid)}/ns/net`);
  });
  afterEach(async () => {
    await pod.dispose();
    await pair.dispose();
  });

  /** A life of the agent. */
  const startDriver = async (): Promise<KernelDriver> => {
    const { stateFolder, instance } = pair;
    return await createKernelDriver({ stateFolder, instance, clock: systemClock, namespaces });
  };
  const putGate = async () => await gateOnly({ ...pair, namespace, namespaces }, work('slow', delay(100), 'all'));
  const ledgerFiles = async () => await readdir(join(pair.stateFolder, 'ledger'));

  it('goes on by another process of the pod when the one that it was found by ends', async () => {
    const driver = await startDriver();
    await putGate();
    await driver.commit(namespace, 'slow', () => 60_000);
    await sandbox.end();
    await driver.renew(namespace, 'slow', () => 60_000);
    expect((await driver.read(namespace, 'slow')).leaseLeftMs).toBeGreaterThan(50_000);
    await driver.close(namespace, 'slow');
    expect(await driver.remove(namespace, 'slow')).toEqual({ residue: 0, changedByOthers: [] });
    expect(await snapshot(pair.target)).toEqual(found);
    expect(await ledgerFiles()).toEqual([]);
  });

  it('undoes after a restart what its former life left, by the uid of the pod where that process has ended', async () => {
    await putGate();
    await (await startDriver()).commit(namespace, 'slow', () => 60_000);
    await sandbox.end();
    const { removed, residue } = await (await startDriver()).sweep();
    expect(residue).toBe(0);
    expect(removed).toEqual([expect.stringContaining('fault slow on eth0') as string]);
    expect(await snapshot(pair.target)).toEqual(found);
    expect(await ledgerFiles()).toEqual([]);
  });

  it("touches nothing in a namespace that is another pod's by now, though a process of that has the number", async () => {
    const other = createNodePod();
    try {
      await putGate();
      await Promise.all([sandbox.end(), app.end()]);
      const theirs = await other.startContainer(`/run/netns/${pair.target}`);
      const before = await snapshot(pair.target);
      const taken = { ...namespace, path: `/proc/${String(theirs.pid)}/ns/net` };
      const driver = await startDriver();
      await expect(driver.commit(taken, 'slow', () => 60_000)).rejects.toMatchObject({ code: 'NotFound' });
      expect(await driver.remove(taken, 'slow')).toEqual({ residue: 0, changedByOthers: [] });
      expect(await snapshot(pair.target)).toEqual(before);
    } finally {
      await other.dispose();
    }
  });

  it('forgets a pod that has no process any more', async () => {
    await putGate();
    await Promise.all([sandbox.end(), app.end()]);
    expect(await (await startDriver()).sweep()).toEqual({ removed: [], residue: 0 });
    expect(await ledgerFiles()).toEqual([]);
  });

  it("finds its table in every pod's namespace where the ledger was lost", async () => {
    await putGate();
    await inside(pair.target, ['nft', 'add', 'table', 'inet', 'squall_ffffffff']);
    await rm(join(pair.stateFolder, 'ledger'), { recursive: true });
    await sandbox.end();
    expect((await (await startDriver()).sweep()).removed).toEqual([
      expect.stringContaining(`/proc/${String(app.pid)}/`) as string,
    ]);
    expect(await inside(pair.target, ['nft', 'list', 'tables'])).toBe('table inet squall_ffffffff\n');
  });

  it('holds no namespace open, which would keep that of a dead pod alive', async () => {
    await putGate();
    await (await startDriver()).commit(namespace, 'slow', () => 60_000);
    const inodes = (await readdir('/proc/self/fd')).map(async (file) => {
      // The one that lists the folder is closed by then.
      const facts = await stat(`/proc/self/fd/${file}`).catch(() => undefined);
      return facts?.ino;
    });
    expect(await Promise.all(inodes)).not.toContain(namespace.inode);
  });
});
