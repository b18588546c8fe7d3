/** Undoes a whole target and proves it: by the ledger, or by the table's name where the ledger was lost. */
import { familiesOfGate, familiesWithTable, renderGateRemoval, type TableFamily } from '../../faults/index.ts';
import { SquallError } from '../../lib/index.ts';
import type { Namespace, Removal } from '../kernel-driver.ts';
import { changesBetween } from './changes.ts';
import type { DriverContext } from './context.ts';
import type { LedgerEntry } from './ledger.ts';
import { type Observation, wholeObservation } from './programs.ts';
import {
  deviceRemovalCommands,
  ownDevices,
  placesOf,
  queueLengthCommands,
  residueIn,
  treeCommands,
  unrecordedTrees,
} from './reconcile.ts';
import { drainSlackMs, longestWait, nextLookMs, waitingPackets } from './waiting.ts';

/** What a target has now. */
type Seen = Pick<Observation, 'qdiscs' | 'links'>;

/** Gate, drain (for `drainMs` at most), tree. */
export async function undoTarget(context: DriverContext, entry: LedgerEntry, drainMs: number): Promise<Removal> {
  const { programs, clock } = context;
  let present = await removeGate(context, entry);
  const startedAt = clock.monotonic();
  const mostMs = Math.min(drainMs, longestWait(entry) + drainSlackMs);
  while (waitingPackets(entry, present.qdiscs) > 0 && clock.monotonic() - startedAt < mostMs) {
    await clock.sleep(nextLookMs(longestWait(entry)));
    present = await programs.read(entry.namespace, ['qdiscs', 'links']);
  }
  return await undoTree(context, entry, present);
}

/** The first step of every undo. Resolves to qdiscs and links after it: what waits in those is the last that any fault has hurt. */
export async function removeGate({ programs, instance }: DriverContext, { namespace, plan }: LedgerEntry): Promise<Seen> {
  const removal = async (families: readonly TableFamily[]) =>
    await programs.changeAndRead(namespace, { gate: renderGateRemoval(instance, families) }, ['qdiscs', 'links']);
  const planned = familiesOfGate(plan.gate);
  try {
    return await removal(planned);
  } catch (error) {
    if (planned.length === 1) throw error;
    // A kernel that does not know the second family has taken only the first, and refuses to hear of the other: what is there goes.
    const { objects } = await programs.read(namespace, ['objects'], ['list tables']);
    const present = familiesWithTable(objects, instance);
    if (present.length === planned.length) throw error;
    return await removal(present);
  }
}

/**
 * The last step of every undo, after the gate has gone. The entry goes only when the proof is there.
 * @param present what the target has now
 */
export async function undoTree(context: DriverContext, entry: LedgerEntry, present: Seen): Promise<Removal> {
  const { programs, ledger, instance } = context;
  const { namespace, snapshot } = entry;
  const devices = placesOf(entry, present.links);
  // With devices of ours go their trees. None is sent a packet any more, since the gate has gone.
  const own = ownDevices(present.links, instance);
  const kept = devices.filter((device) => !own.includes(device));
  const links = [
    ...deviceRemovalCommands(present.links, instance, undefined),
    ...queueLengthCommands(entry, devices, present.links),
  ];
  const tree = treeCommands(present.qdiscs, kept, undefined);
  const after = await programs.changeAndRead(namespace, { links, tree }, wholeObservation);
  const residue = residueIn(after, instance, entry).length;
  if (residue === 0) await ledger.remove(namespace.inode);
  return { residue, changedByOthers: changesBetween(snapshot, after, instance) };
}

/**
 * Removes a table of ours that the ledger does not know, because the state folder was lost, and the trees that are its own. What the
 * queue lengths were cannot be known any more.
 * @returns what was removed, one sentence each
 */
export async function undoUnrecorded({ programs, instance }: DriverContext, namespace: Namespace): Promise<string[]> {
  const before = await programs.read(namespace, ['links', 'objects'], ['list tables']);
  const families = familiesWithTable(before.objects, instance);
  if (families.length === 0 && ownDevices(before.links, instance).length === 0) return [];
  const { qdiscs, links, objects } = await programs.read(namespace, wholeObservation);
  const devices = unrecordedTrees(qdiscs, objects, instance);
  // The tree first: the table is the only sign of ours, and a priority that names no band hurts nobody. A device of ours cannot go before
  // the gate that sends packets there: they would be lost.
  const qdiscsLeft = await programs.changeTree(namespace, treeCommands(qdiscs, devices, undefined));
  await programs.changeGate(namespace, renderGateRemoval(instance, families));
  await programs.changeLinks(namespace, deviceRemovalCommands(links, instance, undefined));
  const after = await programs.read(namespace, ['links', 'objects'], ['list tables']);
  const left = [
    ...familiesWithTable(after.objects, instance).map((family) => `the table of family ${family}`),
    ...ownDevices(after.links, instance),
    ...treeCommands(qdiscsLeft, devices, undefined),
  ];
  if (left.length > 0) throw new SquallError('CleanUpIncomplete', `of ours are left in ${namespace.path}: ${left.join(', ')}`);
  const found = families.length > 0 ? 'a table' : 'a device';
  return [`${namespace.path}: ${found} that the ledger did not know, and its tree`];
}
