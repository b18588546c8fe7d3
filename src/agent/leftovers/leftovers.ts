/** What Squall, whichever instance, has left in the kernel of this machine: found, decided upon, and removed. */
import {
  familiesWithTable,
  fieldsOf,
  instanceOfDevice,
  instanceOfTable,
  readTree,
  renderGateRemoval,
} from '../../faults/index.ts';
import { messageOf } from '../../lib/index.ts';
import { createPrograms, type Programs } from '../kernel/programs.ts';
import { deviceRemovalCommands, treeCommands } from '../kernel/reconcile.ts';
import { createLimiter } from '../limiter.ts';
import type { Namespace } from '../kernel-driver.ts';
import { decideLeftovers, type Leftover, type NamespaceFacts } from './decide.ts';
import { livingInstances } from './living.ts';
import { isThere, type MachineNamespace } from './namespaces.ts';

/** As many as the driver runs. */
const mostPrograms = 2;

export type Leftovers = {
  found: Leftover[];
  /** Namespaces that could not be looked at, one sentence each: what is in them is not known. */
  unknown: string[];
};

/** Only looks. */
export async function listLeftovers(namespaces: readonly MachineNamespace[]): Promise<Leftovers> {
  const programs = createPrograms(createLimiter(mostPrograms));
  const unknown: string[] = [];
  const facts = await Promise.all(
    namespaces.map(async (namespace) => {
      try {
        return await observeIfThere(programs, namespace);
      } catch (error) {
        unknown.push(`${namespace.path}: could not be looked at: ${messageOf(error)}`);
        return undefined;
      }
    }),
  );
  const there = facts.filter((one) => one !== undefined);
  return { found: decideLeftovers(there, await livingInstances()), unknown };
}

/**
 * Removes it, but nothing that a living agent has come to own since it was listed.
 * @returns what was removed and what of it is still there, one sentence each
 */
export async function removeLeftover({ namespace }: Pick<Leftover, 'namespace'>): Promise<{ removed: string[]; left: string[] }> {
  const programs = createPrograms(createLimiter(mostPrograms));
  const before = await observeIfThere(programs, namespace);
  const [wanted] = before === undefined ? [] : decideLeftovers([before], await livingInstances());
  if (wanted === undefined || before === undefined) return { removed: [], left: [] };
  const target = asTarget(namespace);
  // The tree first: a table is the surest sign of ours for whoever goes on when this is cut off.
  if (wanted.devices.length > 0) {
    const { qdiscs } = await programs.read(target, ['qdiscs']);
    await programs.changeTree(target, treeCommands(qdiscs, wanted.devices, undefined));
  }
  const { objects } = await programs.read(target, ['objects'], ['list tables']);
  for (const instance of wanted.instances) {
    await programs.changeGate(target, renderGateRemoval(instance, familiesWithTable(objects, instance)));
  }
  const { links } = await programs.read(target, ['links']);
  for (const instance of wanted.instances) {
    await programs.changeLinks(target, deviceRemovalCommands(links, instance, undefined));
  }
  const after = await observeIfThere(programs, namespace);
  const isLeft = {
    table: (instance: string) => after?.instances.includes(instance) === true,
    tree: (device: string) => after?.devices.includes(device) === true,
  };
  const things = [
    ...wanted.instances.map((instance) => ({ text: `table squall_${instance}`, left: isLeft.table(instance) })),
    ...wanted.devices.map((device) => ({ text: `tree of ${device}`, left: isLeft.tree(device) })),
  ].map(({ text, left }) => ({ text: `${namespace.path}: ${text}`, left }));
  return {
    removed: things.filter(({ left }) => !left).map(({ text }) => text),
    left: things.filter(({ left }) => left).map(({ text }) => text),
  };
}

/** undefined when the namespace is gone. */
async function observeIfThere(programs: Programs, namespace: MachineNamespace): Promise<NamespaceFacts | undefined> {
  try {
    return await observe(programs, namespace);
  } catch (error) {
    if (await isThere(namespace)) throw error;
    return undefined;
  }
}

async function observe(programs: Programs, namespace: MachineNamespace): Promise<NamespaceFacts> {
  const target = asTarget(namespace);
  const { qdiscs, links, objects } = await programs.read(target, ['qdiscs', 'links', 'objects'], ['list tables']);
  const ofTables = fieldsOf(objects, 'table')
    .flatMap(({ name }) => instanceOfTable(name ?? '') ?? [])
    .filter((instance) => familiesWithTable(objects, instance).length > 0);
  const ofDevices = links.flatMap(({ ifname }) => instanceOfDevice(ifname) ?? []);
  const devices = [...new Set(qdiscs.map(({ dev = '' }) => dev))];
  return {
    namespace,
    instances: [...new Set([...ofTables, ...ofDevices])],
    devices: devices.filter((device) => readTree(qdiscs, device) !== undefined),
  };
}

/** The programs name a pod in their errors; whose namespace this is is not known here. */
function asTarget({ inode, path }: MachineNamespace): Namespace {
  return { podUid: `at ${path}`, path, inode };
}
