/** How an undo goes about it: which programs are started, how many by the agent itself, and in which order. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKernelDriver, type LocalKernelDriver } from '../../../src/agent/kernel/index.ts';
import { createLedger, readBootId } from '../../../src/agent/kernel/ledger.ts';
import { renderGateRemoval } from '../../../src/faults/index.ts';
import { bandHandle } from '../../../src/faults/tree.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { delay, work } from '../../faults/works.ts';
import { entryOf, instance, plain } from './entries.ts';
import { createFakePrograms, type FakePrograms } from './fake-programs.ts';

const removesGate = `nft -f -: ${renderGateRemoval(instance, ['inet']).replaceAll('\n', ';')}`;
const removesTree = 'tc -j -s -batch -: qdisc del dev eth0 root handle fa17:;qdisc show;';
const looks = ['tc -j -s qdisc show', 'ip -j link show'];
const proves = ['ip -j link show', 'nft -j list ruleset'];
const noRules = JSON.stringify({ nftables: [{ metainfo: {} }] });
const untouched = { residue: 0, changedByOthers: [] };

describe('an undo', () => {
  let fakes: FakePrograms;
  let stateFolder: string;
  let driver: LocalKernelDriver;
  beforeEach(async () => {
    fakes = await createFakePrograms();
    stateFolder = await mkdtemp(join(tmpdir(), 'squall-undo-'));
    const bootId = await readBootId();
    const { programs, namespaces, namespace } = fakes;
    driver = await createKernelDriver({ stateFolder, instance, clock: systemClock, namespaces, programs });
    const ledger = createLedger(stateFolder, instance, bootId);
    await ledger.write(entryOf([work('slow', delay(40))], { bootId, namespace }));
    await ledger.markWhole();
    await fakes.answer('ip', JSON.stringify(plain.links));
    await fakes.answer('nft', noRules);
  });
  afterEach(async () => {
    await fakes.dispose();
    await rm(stateFolder, { recursive: true });
  });

  /** What tc shows with our tree on eth0 while so many packets wait in the band of the fault. */
  const treeWith = (qlen: number): string => {
    const [{ band } = { band: 1 }] = entryOf([work('slow', delay(40))]).plan.classes;
    const root = { kind: 'prio', handle: 'fa17:', dev: 'eth0', root: true };
    return JSON.stringify([root, { kind: 'netem', handle: '8001:', dev: 'eth0', parent: bandHandle(band), qlen }]);
  };
  const nothingOfOurs = JSON.stringify(plain.qdiscs);
  const entries = async () => await readdir(join(stateFolder, 'ledger'));

  const undoes: [string, () => Promise<unknown>, unknown][] = [
    ['a sweep', async () => (await driver.sweep()).residue, 0],
    ["the removal of a target's last fault", async () => await driver.remove(fakes.namespace, 'slow'), untouched],
  ];
  describe.each(undoes)('by %s', (_, undo, clean) => {
    it('is two programs where nothing waits: the gate with a look, the tree with the proof', async () => {
      await fakes.answer('tc', treeWith(0), nothingOfOurs);
      expect(await undo()).toEqual(clean);
      const change = ['setpriv', 'nsenter', 'setpriv'];
      expect(await fakes.started()).toEqual([...change, removesGate, ...looks, ...change, removesTree, ...proves]);
      expect(await entries()).toEqual([]);
    });

    it('looks again as long as packets wait, and only then takes the tree', async () => {
      await fakes.answer('tc', treeWith(3), treeWith(1), treeWith(0), nothingOfOurs);
      expect(await undo()).toEqual(clean);
      const started = (await fakes.started()).filter((program) => program !== 'setpriv' && program !== 'nsenter');
      expect(started).toEqual([removesGate, ...looks, ...looks, ...looks, removesTree, ...proves]);
    });

    it('sets a queue length back that the kernel has changed, and still sees what others have left', async () => {
      const longer = plain.links.map((link) => (link.ifname === 'eth0' ? { ...link, txqlen: 1000 } : link));
      const gate = { table: { family: 'inet', name: `squall_${instance}` } };
      // The links as they are before, nothing by the change, and the links with the proof.
      await fakes.answer('ip', JSON.stringify(longer), '', JSON.stringify(plain.links));
      await fakes.answer('tc', treeWith(0), nothingOfOurs);
      await fakes.answer('nft', JSON.stringify({ nftables: [gate] }));
      await undo().catch(() => undefined);
      const started = (await fakes.started()).filter((program) => program !== 'setpriv' && program !== 'nsenter');
      expect(started.slice(3)).toEqual(['ip -batch -: link set dev eth0 txqueuelen 0;', removesTree, ...proves]);
      expect(await entries()).toHaveLength(1);
    });

    it('keeps the entry when the tree cannot be removed', async () => {
      await fakes.answer('tc', treeWith(0), nothingOfOurs);
      await fakes.fail('tc', 'qdisc del');
      expect(await undo().catch(() => 1)).toBe(1);
      expect(await fakes.started()).not.toContain(proves[1]);
      expect(await entries()).toHaveLength(1);
    });

    it('takes no tree where the gate would not go: packets would be sent to a band that is no more', async () => {
      await fakes.fail('nft', 'delete table');
      expect(await undo().catch(() => 1)).toBe(1);
      expect((await fakes.started()).at(-1)).toBe(removesGate);
      expect(await entries()).toHaveLength(1);
    });
  });

  it('keeps the entry and counts what is left when the proof still shows the gate', async () => {
    await fakes.answer('tc', treeWith(0), nothingOfOurs);
    const table = { family: 'inet', name: `squall_${instance}` };
    await fakes.answer('nft', JSON.stringify({ nftables: [{ table }] }));
    expect((await driver.sweep()).residue).toBe(1);
    expect(await entries()).toHaveLength(1);
  });

  it('says which program of a shell has failed, and at which line', async () => {
    const { programs, namespace } = fakes;
    await fakes.fail('ip', 'link');
    const look = programs.changeAndRead(namespace, { tree: ['qdisc del dev eth0 root'] }, ['links']);
    await expect(look).rejects.toMatchObject({ code: 'KernelRefused', message: 'ip failed: No. (pod pod)' });
    await fakes.fail('tc', 'qdisc del', 'Command failed -:1');
    const change = programs.changeAndRead(namespace, { tree: ['qdisc del dev eth0 root'] }, ['links']);
    await expect(change).rejects.toMatchObject({
      code: 'KernelRefused',
      message: "tc failed: Command failed -:1 in 'qdisc del dev eth0 root' (pod pod)",
    });
  });

  it.each([
    ['nft', { gate: 'delete table inet squall' }],
    ['tc', { tree: ['qdisc del dev eth0 root'] }],
    ['ip', { links: ['link del dev sq0123'], tree: [] }],
  ])('dies with a killed agent, and with its shell the %s that it has started', async (program, change) => {
    await writeFile(join(fakes.folder, `${program}.lasts`), '');
    const args = [fileURLToPath(new URL('changing-agent.ts', import.meta.url)), fakes.folder, JSON.stringify(change)];
    const env = { ...process.env, PATH: fakes.path, FAKES: fakes.folder };
    const agent = spawn(process.execPath, args, { env, stdio: 'inherit' });
    const hasStarted = async () => (await fakes.started()).some((line) => line.startsWith(program));
    while (!(await hasStarted())) await systemClock.sleep(10);
    agent.kill('SIGKILL');
    await once(agent, 'exit');
    await systemClock.sleep(500);
    expect((await fakes.started()).at(-1)).toMatch(new RegExp(`^${program} -`));
  });
});
