/** What is undone and what is left alone, on a kernel that is only an object: trees need netem, which test/kernel has. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DriverContext } from '../../../src/agent/kernel/context.ts';
import { createKeyedQueue } from '../../../src/agent/kernel/keyed-queue.ts';
import { createLedger } from '../../../src/agent/kernel/ledger.ts';
import type { Observation, Programs } from '../../../src/agent/kernel/programs.ts';
import { undoTarget, undoUnrecorded } from '../../../src/agent/kernel/undo.ts';
import { namedNamespaces } from '../../../src/agent/namespaces/named.ts';
import type { NftObject } from '../../../src/faults/index.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { delay, work } from '../../faults/works.ts';
import { entryOf, instance, plain, somewhere } from './entries.ts';

const other = 'ffffffff';
const tree = (dev: string) => ({ kind: 'prio', handle: 'fa17:', dev, root: true });

/** A gate as nft prints it, with the rule that names its devices. */
function gate(owner: string, ...devices: string[]): NftObject[] {
  const named = { match: { op: '!=', left: { meta: { key: 'oifname' } }, right: { set: devices } } };
  const place = { family: 'inet', table: `squall_${owner}` };
  return [
    { table: { family: 'inet', name: `squall_${owner}` } },
    { rule: { ...place, chain: 'egress', comment: 'other devices', expr: [named, { return: null }] } },
  ];
}

/** Knows only how roots and tables are deleted. */
function kernelWith(present: Observation): Programs & { present: Observation } {
  const kernel: Programs & { present: Observation } = {
    present,
    changeTree: (_namespace, lines) => {
      const gone = lines.map((line) => /^qdisc del dev (\S+) root/.exec(line)?.[1]);
      kernel.present.qdiscs = kernel.present.qdiscs.filter(({ dev, handle }) => handle !== 'fa17:' || !gone.includes(dev));
      return Promise.resolve(kernel.present.qdiscs);
    },
    changeGate: (_namespace, text) => {
      const gone = /delete table inet (\S+)/.exec(typeof text === 'string' ? text : text())?.[1];
      const isGone = ({ table, rule }: NftObject) => table?.name === gone || rule?.table === gone;
      kernel.present.objects = kernel.present.objects.filter((object) => !isGone(object));
      return Promise.resolve();
    },
    changeLinks: (_namespace, lines) => {
      for (const line of lines) {
        const [, device, length] = /^link set dev (\S+) txqueuelen (\d+)$/.exec(line) ?? [];
        const set = (link: Observation['links'][number]) => (link.ifname === device ? { ...link, txqlen: Number(length) } : link);
        kernel.present.links = kernel.present.links.map(set);
      }
      return Promise.resolve();
    },
    changeAndRead: async (namespace, change) => {
      if ('gate' in change) await kernel.changeGate(namespace, change.gate);
      else {
        await kernel.changeLinks(namespace, change.links ?? []);
        await kernel.changeTree(namespace, change.tree);
      }
      return kernel.present;
    },
    read: () => Promise.resolve(kernel.present),
  };
  return kernel;
}

let stateFolder: string;
beforeEach(() => {
  stateFolder = mkdtempSync(join(tmpdir(), 'squall-undo-'));
});
afterEach(() => {
  rmSync(stateFolder, { recursive: true });
});

function contextOf(programs: Programs): DriverContext {
  const bootId = 'this-boot';
  const ledger = createLedger(stateFolder, instance, bootId);
  return {
    instance,
    bootId,
    clock: systemClock,
    namespaces: namedNamespaces(),
    programs,
    ledger,
    queue: createKeyedQueue(),
    chooseDriver: () => Promise.resolve('netem'),
    chooseEgress: () => Promise.resolve('own-root'),
  };
}
const treesIn = ({ present }: { present: Observation }) =>
  present.qdiscs.filter(({ handle }) => handle === 'fa17:').map(({ dev }) => dev);

describe('an undo by the ledger', () => {
  it('finds its tree on a device that was renamed, sets back its queue, and leaves the one that has its name now', async () => {
    const links = plain.links.map((link) => (link.ifindex === 2 ? { ...link, ifname: 'net0', txqlen: 1000 } : link));
    const newcomer = { ifindex: 7, ifname: 'eth0', mtu: 1500, txqlen: 1000 };
    const qdiscs = [tree('net0'), tree('eth0')];
    const kernel = kernelWith({ qdiscs, links: [...links, newcomer], objects: gate(instance, 'eth0') });
    const context = contextOf(kernel);
    const entry = { ...entryOf([work('slow', delay(1))]), indexes: [2] };
    await context.ledger.write(entry);
    expect(await undoTarget(context, entry, 0)).toMatchObject({ residue: 0 });
    expect([treesIn(kernel), kernel.present.links.map(({ ifname, txqlen = 0 }) => [ifname, txqlen])]).toEqual([
      ['eth0'],
      [
        ['lo', 1000],
        ['net0', 0],
        ['eth0', 1000],
      ],
    ]);
    expect(await context.ledger.read(somewhere)).toBeUndefined();
  });

  it('is not proven while the tree of a renamed device is there', async () => {
    const links = plain.links.map((link) => (link.ifindex === 2 ? { ...link, ifname: 'net0' } : link));
    const kernel = kernelWith({ qdiscs: [tree('net0')], links, objects: [] });
    const stuck: Programs = { ...kernel, changeAndRead: () => Promise.resolve(kernel.present) };
    const context = contextOf(stuck);
    const entry = { ...entryOf([work('slow', delay(1))]), indexes: [2] };
    await context.ledger.write(entry);
    expect(await undoTarget(context, entry, 0)).toMatchObject({ residue: 1 });
    expect(await context.ledger.read(somewhere)).toMatchObject({ indexes: [2] });
  });
});

describe('an undo without a ledger', () => {
  it.each<[string, NftObject[], string[]]>([
    [
      'a tree that our gate names, beside a gate of another that names none',
      [...gate(instance, 'eth0'), ...gate(other)],
      ['eth1'],
    ],
    ['every tree where nobody else has a table', gate(instance, 'eth0'), []],
    ['no tree that only the gate of another names', [...gate(instance, 'eth0'), ...gate(other, 'eth1')], ['eth1']],
    ['no tree that both gates name: ours had gone before', [...gate(instance, 'eth0'), ...gate(other, 'eth0')], ['eth0', 'eth1']],
    ['nothing without a table of ours', gate(other, 'eth0'), ['eth0', 'eth1']],
  ])('removes %s', async (_what, objects, left) => {
    const kernel = kernelWith({ ...plain, qdiscs: [tree('eth0'), tree('eth1')], objects });
    await undoUnrecorded(contextOf(kernel), somewhere);
    expect(treesIn(kernel)).toEqual(left);
    expect(kernel.present.objects.filter(({ table }) => table?.name === `squall_${instance}`)).toEqual([]);
    const others = objects.filter(({ table, rule }) => [table?.name, rule?.table].includes(`squall_${other}`));
    expect(kernel.present.objects).toEqual(others);
  });
});
