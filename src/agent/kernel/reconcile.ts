/** From what the kernel has and what it shall have to the commands in between. Decides only; whoever applies them decides the order. */
import {
  type DeviceTree,
  devicesOfGates,
  familiesWithTable,
  instanceOfDevice,
  type NftObject,
  type ObservedGate,
  type ObservedTable,
  type PresentGate,
  readTree,
  renderGate,
  renderTreeChange,
  type TargetPlan,
  type TcQdisc,
} from '../../faults/index.ts';
import { intermediateDeviceLines } from '../../preflight/index.ts';
import type { LedgerEntry } from './ledger.ts';
import type { IpLink, Observation } from './programs.ts';

/** Devices that a plan has a tree on. */
export const devicesOf = (plan: TargetPlan | undefined): string[] => plan?.trees.map(({ device }) => device) ?? [];

/** Devices that may carry a tree of this entry, by the names that they have now; devices of ours nobody renames. */
export function placesOf({ indexes, plan }: LedgerEntry, links: readonly IpLink[]): string[] {
  if (indexes === undefined) return devicesOf(plan);
  const own = plan.intermediates.map(({ name }) => name);
  return links.filter(({ ifindex, ifname }) => indexes.includes(ifindex) || own.includes(ifname)).map(({ ifname }) => ifname);
}

/** Qdiscs that sit beside a root and do not take its place. */
const besideRoot = ['clsact', 'ingress'];

/** What a device has at its root and below it. */
export function rootsOf(device: string, qdiscs: readonly TcQdisc[]): TcQdisc[] {
  return qdiscs.filter(({ dev, kind }) => dev === device && !besideRoot.includes(kind));
}

/** What somebody has set up there: handle `0:` says that the kernel made the qdisc by itself. */
export function foreignRoot(device: string, qdiscs: readonly TcQdisc[]): TcQdisc | undefined {
  return rootsOf(device, qdiscs).find(({ handle }) => handle !== '0:');
}

/** Whether a device may have filters of somebody else's on what goes out. */
export function hasFilters(device: string, qdiscs: readonly TcQdisc[]): boolean {
  return qdiscs.some(({ dev, kind }) => dev === device && kind === 'clsact');
}

const treeIn = (plan: TargetPlan | undefined, device: string): DeviceTree | undefined =>
  plan?.trees.find((tree) => tree.device === device);

/**
 * Lines for tc that leave exactly the trees of `plan`.
 * @param ours devices that may carry a tree of this instance; the trees of others are left alone
 */
export function treeCommands(qdiscs: readonly TcQdisc[], ours: readonly string[], plan: TargetPlan | undefined): string[] {
  const devices = [...new Set([...ours, ...devicesOf(plan)])];
  return devices.flatMap((device) => renderTreeChange(readTree(qdiscs, device), treeIn(plan, device)));
}

/** One nft transaction that leaves exactly the gate of `plan`. */
export function gateCommands(observed: ObservedGate | undefined, { gate }: TargetPlan): string {
  if (observed === undefined) return renderGate(gate);
  return renderGate(gate, { inet: namesIn(observed), ...(observed.devices && { netdev: namesIn(observed.devices) }) });
}

function namesIn({ sets, counters, chains }: ObservedTable): NonNullable<PresentGate['inet']> {
  return { sets: sets.map(({ name }) => name), counters: Object.keys(counters), chains: Object.keys(chains) };
}

/** What must be listed to see the whole gate of `plan`. nft 1.0.6 finds no table when it is asked for those of two families at once. */
export function gateLists({ gate }: TargetPlan): string[] {
  return gate.devices === undefined ? [`list table inet ${gate.table}`] : ['list ruleset'];
}

export const isUp = ({ flags = [] }: IpLink): boolean => flags.includes('UP');

/** Lines for ip that make the devices of ours that `plan` needs and that are not there, and put them up. */
export function newDeviceCommands(links: readonly IpLink[], { intermediates }: TargetPlan): string[] {
  return intermediates.flatMap(({ name }) => {
    const link = links.find(({ ifname }) => ifname === name);
    if (link === undefined) return intermediateDeviceLines(name);
    return isUp(link) ? [] : [`link set dev ${name} up`];
  });
}

/** Lines for ip that remove devices of this instance that are there and that `plan` does not need; their trees go with them. */
export function deviceRemovalCommands(links: readonly IpLink[], instance: string, plan: TargetPlan | undefined): string[] {
  const needed = plan?.intermediates.map(({ name }) => name) ?? [];
  return ownDevices(links, instance)
    .filter((name) => !needed.includes(name))
    .map((name) => `link del dev ${name}`);
}

/** Names of the devices of this instance. */
export function ownDevices(links: readonly IpLink[], instance: string): string[] {
  return links.map(({ ifname }) => ifname).filter((name) => instanceOfDevice(name) === instance);
}

/** What a kernel sets by itself when the first qdisc comes to a device without a queue (DEFAULT_TX_QUEUE_LEN). */
const kernelsQueueLength = 1000;

/** Queue lengths that our tree has changed and that must be set back; a length that somebody else has set since is left alone. */
export function queueLengthsToRestore(entry: LedgerEntry, links: readonly IpLink[]): { device: string; length: number }[] {
  return placesOf(entry, links).flatMap((device) => {
    const now = links.find(({ ifname }) => ifname === device);
    const before = entry.snapshot.links.find(({ ifindex }) => ifindex === now?.ifindex);
    if (before === undefined || now === undefined || (before.txqlen ?? 0) !== 0) return [];
    return now.txqlen === kernelsQueueLength ? [{ device, length: 0 }] : [];
  });
}

/**
 * Devices whose tree belongs to a table of this instance that no ledger knows. A tree does not say whose it is: it is ours on a device
 * of our own, on one that our gate names and no other instance's does, and, since only ours could have put it there, where no other has a
 * table at all.
 */
export function unrecordedTrees(qdiscs: readonly TcQdisc[], objects: readonly NftObject[], instance: string): string[] {
  const gates = devicesOfGates(objects);
  const named = gates.get(instance) ?? [];
  const others = [...gates].filter(([owner]) => owner !== instance);
  const isOurs = (device: string): boolean => {
    const owner = instanceOfDevice(device);
    if (owner !== undefined) return owner === instance;
    return others.length === 0 || (named.includes(device) && !others.some(([, devices]) => devices.includes(device)));
  };
  const devices = [...new Set(qdiscs.map(({ dev = '' }) => dev))];
  return devices.filter((device) => readTree(qdiscs, device) !== undefined && isOurs(device));
}

/** Lines for ip that set back what the kernel changed by itself on devices whose tree has gone. */
export function queueLengthCommands(entry: LedgerEntry, devices: readonly string[], links: readonly IpLink[]): string[] {
  return queueLengthsToRestore(entry, links)
    .filter(({ device }) => devices.includes(device))
    .map(({ device, length }) => `link set dev ${device} txqueuelen ${String(length)}`);
}

/** What of ours is in a namespace: one sentence each. Empty is what an undo must reach. */
export function residueIn(observation: Observation, instance: string, entry: LedgerEntry | undefined): string[] {
  const own = ownDevices(observation.links, instance);
  const places = entry === undefined ? [] : placesOf(entry, observation.links);
  const trees = places.filter((device) => readTree(observation.qdiscs, device) !== undefined);
  const lengths = entry === undefined ? [] : queueLengthsToRestore(entry, observation.links);
  return [
    ...familiesWithTable(observation.objects, instance).map((family) => `nftables table ${family} squall_${instance}`),
    ...own.map((device) => `device ${device}`),
    ...trees.filter((device) => !own.includes(device)).map((device) => `root qdisc fa17: of ${device}`),
    ...lengths.map(({ device }) => `queue length of ${device}`),
  ];
}
