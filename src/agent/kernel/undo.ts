/** Undoes a whole target and proves it: by the ledger, or by the table's name where the ledger was lost. */
import { readGate, renderGateRemoval, type TcQdisc } from '../../faults/index.ts';
import { SquallError } from '../../lib/index.ts';
import type { Namespace, Removal } from '../kernel-driver.ts';
import { changesBetween } from './changes.ts';
import type { DriverContext } from './context.ts';
import type { LedgerEntry } from './ledger.ts';
import { type IpLink, type Observation, wholeObservation } from './programs.ts';
import { devicesOf, queueLengthsToRestore, residueIn, treeCommands } from './reconcile.ts';
import { drainSlackMs, longestWait, nextLookMs, waitingPackets } from './waiting.ts';

/** Gate, drain (for `drainMs` at most), tree. */
export async function undoTarget(context: DriverContext, entry: LedgerEntry, drainMs: number): Promise<Removal> {
  const { programs, clock } = context;
  let qdiscs = await removeGate(context, entry);
  const startedAt = clock.monotonic();
  const mostMs = Math.min(drainMs, longestWait(entry) + drainSlackMs);
  while (waitingPackets(entry, qdiscs) > 0 && clock.monotonic() - startedAt < mostMs) {
    await clock.sleep(nextLookMs(longestWait(entry)));
    ({ qdiscs } = await programs.read(entry.namespace, ['qdiscs']));
  }
  return await undoTree(context, entry, qdiscs);
}

/** The first step of every undo. Resolves to the qdiscs after it: what waits in them is the last that any fault has hurt. */
export async function removeGate({ programs, instance }: DriverContext, { namespace }: LedgerEntry): Promise<TcQdisc[]> {
  return (await programs.changeAndRead(namespace, { gate: renderGateRemoval(instance) }, ['qdiscs'])).qdiscs;
}

/**
 * The last step of every undo, after the gate has gone. The entry goes only when the proof is there.
 * @param qdiscs what the target has now
 */
export async function undoTree(context: DriverContext, entry: LedgerEntry, qdiscs: readonly TcQdisc[]): Promise<Removal> {
  const { programs, ledger, instance } = context;
  const { namespace, snapshot } = entry;
  const devices = devicesOf(entry.plan);
  const left = await programs.changeAndRead(namespace, { tree: treeCommands(qdiscs, devices, undefined) }, wholeObservation);
  const after: Observation = { ...left, links: await restoreQueueLengths(context, entry, devices, left.links) };
  const residue = residueIn(after, instance, entry).length;
  if (residue === 0) await ledger.remove(namespace.inode);
  return { residue, changedByOthers: changesBetween(snapshot, after, instance) };
}

/** Sets back what the kernel changed by itself on devices whose tree has gone. Resolves to the links as they are then. */
export async function restoreQueueLengths(
  { programs }: DriverContext,
  entry: LedgerEntry,
  devices: readonly string[],
  links: IpLink[],
): Promise<IpLink[]> {
  const { namespace } = entry;
  const changed = queueLengthsToRestore(entry, links).filter(({ device }) => devices.includes(device));
  for (const { device, length } of changed) await programs.setQueueLength(namespace, device, length);
  return changed.length === 0 ? links : (await programs.read(namespace, ['links'])).links;
}

/**
 * Removes a table of ours that the ledger does not know, because the state folder was lost, and the tree beside it: no other
 * instance would have put its own next to ours. What the queue lengths were cannot be known any more.
 * @returns what was removed, one sentence each
 */
export async function undoUnrecorded({ programs, instance }: DriverContext, namespace: Namespace): Promise<string[]> {
  const before = await programs.read(namespace, ['objects'], ['list tables']);
  if (readGate(before.objects, instance) === undefined) return [];
  const { qdiscs } = await programs.read(namespace, ['qdiscs']);
  const devices = [...new Set(qdiscs.map(({ dev = '' }) => dev))];
  // The tree first: the table is the only sign of ours, and a priority that names no band hurts nobody.
  const qdiscsLeft = await programs.changeTree(namespace, treeCommands(qdiscs, devices, undefined));
  await programs.changeGate(namespace, renderGateRemoval(instance));
  const after = await programs.read(namespace, ['objects'], ['list tables']);
  const tablesLeft = readGate(after.objects, instance) === undefined ? [] : ['the table'];
  const left = [...tablesLeft, ...treeCommands(qdiscsLeft, devices, undefined)];
  if (left.length > 0) throw new SquallError('CleanUpIncomplete', `of ours are left in ${namespace.path}: ${left.join(', ')}`);
  return [`${namespace.path}: a table that the ledger did not know, and its tree`];
}
