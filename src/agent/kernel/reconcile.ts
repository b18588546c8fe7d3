/** From what the kernel has and what it shall have to the commands in between. Decides only; whoever applies them decides the order. */
import {
  type DeviceTree,
  type ObservedGate,
  readGate,
  readTree,
  renderGate,
  renderGateRemoval,
  renderTreeChange,
  type TargetPlan,
  type TcQdisc,
} from '../../faults/index.ts';
import type { LedgerEntry } from './ledger.ts';
import type { IpLink, Observation } from './programs.ts';

/** Devices that a plan has a tree on. */
export const devicesOf = (plan: TargetPlan | undefined): string[] => plan?.trees.map(({ device }) => device) ?? [];

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
export function gateCommands(observed: ObservedGate | undefined, instance: string, plan: TargetPlan | undefined): string {
  if (plan === undefined) return renderGateRemoval(instance);
  if (observed === undefined) return renderGate(plan.gate);
  return renderGate(plan.gate, { sets: observed.sets.map(({ name }) => name), counters: Object.keys(observed.counters) });
}

/** What a kernel sets by itself when the first qdisc comes to a device without a queue (DEFAULT_TX_QUEUE_LEN). */
const kernelsQueueLength = 1000;

/** Queue lengths that our tree has changed and that must be set back; a length that somebody else has set since is left alone. */
export function queueLengthsToRestore(entry: LedgerEntry, links: readonly IpLink[]): { device: string; length: number }[] {
  return devicesOf(entry.plan).flatMap((device) => {
    const before = entry.snapshot.links.find(({ ifname }) => ifname === device);
    const now = links.find(({ ifname }) => ifname === device);
    if (before === undefined || now === undefined || (before.txqlen ?? 0) !== 0) return [];
    return now.txqlen === kernelsQueueLength ? [{ device, length: 0 }] : [];
  });
}

/** What of ours is in a namespace: one sentence each. Empty is what an undo must reach. */
export function residueIn(observation: Observation, instance: string, entry: LedgerEntry | undefined): string[] {
  const gate = readGate(observation.objects, instance);
  const trees = devicesOf(entry?.plan).filter((device) => readTree(observation.qdiscs, device) !== undefined);
  const lengths = entry === undefined ? [] : queueLengthsToRestore(entry, observation.links);
  return [
    ...(gate === undefined ? [] : [`nftables table inet squall_${instance}`]),
    ...trees.map((device) => `root qdisc fa17: of ${device}`),
    ...lengths.map(({ device }) => `queue length of ${device}`),
  ];
}
