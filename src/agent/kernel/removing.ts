/** Ends and removes one fault: gate, drain, tree. */
import { familiesOfLease, type LeasedFault, renderClose, type TableFamily } from '../../faults/index.ts';
import type { Namespace, Removal } from '../kernel-driver.ts';
import type { DriverContext } from './context.ts';
import { leaveOthers } from './leaving.ts';
import type { LedgerEntry } from './ledger.ts';
import { isPresent } from './namespace.ts';
import { isNoSuchObject } from './programs.ts';
import { removeGate, undoTree, undoUnrecorded } from './undo.ts';
import { drainSlackMs, longestWait, nextLookMs, waitingPackets } from './waiting.ts';

/** What came of it, or how long packets may take that still wait. */
type Step = Removal | { lookAgainMs: number };

const nothingLeft: Removal = { residue: 0, changedByOthers: [] };

/** Closes the gate of one fault; fine when there is none. */
export async function closeFault(context: DriverContext, namespace: Namespace, faultId: string): Promise<void> {
  const { ledger, namespaces } = context;
  if (!(await isPresent(namespaces, namespace))) return;
  const work = (await ledger.read(namespace))?.works.find(({ id }) => id === faultId);
  const fault: LeasedFault = { faultId, direction: work?.direction ?? 'egress' };
  const families = familiesOfLease(fault);
  if ((await isClosed(context, namespace, fault, families)) || families.length === 1) return;
  // One of the tables has gone, and with it the transaction: the others are closed by themselves.
  for (const family of families) await isClosed(context, namespace, fault, [family]);
}

/** False when there is nothing to close. */
async function isClosed(
  { programs, instance }: DriverContext,
  namespace: Namespace,
  fault: LeasedFault,
  families: readonly TableFamily[],
): Promise<boolean> {
  try {
    await programs.changeGate(namespace, renderClose(instance, fault, families), 'urgent');
    return true;
  } catch (error) {
    if (!isNoSuchObject(error)) throw error;
    return false;
  }
}

/**
 * Removes one fault. The others of the target go on without losing a packet; with the last one everything goes, and what was
 * there before is compared with what is there now.
 */
export async function removeFault(context: DriverContext, namespace: Namespace, faultId: string): Promise<Removal> {
  const { clock, queue } = context;
  const inTurn = async (work: () => Promise<Step>) => await queue(namespace.inode, work);
  let step = await inTurn(async () => await startRemoval(context, namespace, faultId));
  const startedAt = clock.monotonic();
  // Every look is a turn of its own: others of the namespace need not wait until the packets are out.
  while ('lookAgainMs' in step) {
    await clock.sleep(step.lookAgainMs);
    step = await inTurn(async () => await finishWhenDrained(context, namespace, faultId, clock.monotonic() - startedAt));
  }
  return step;
}

async function startRemoval(context: DriverContext, namespace: Namespace, faultId: string): Promise<Step> {
  const entry = await presentEntry(context, namespace);
  if (entry === 'gone') return nothingLeft;
  if (entry === undefined) {
    await undoUnrecorded(context, namespace);
    return nothingLeft;
  }
  if (!entry.works.some(({ id }) => id === faultId)) return nothingLeft;
  if (entry.works.length > 1) {
    await closeFault(context, namespace, faultId);
    return { lookAgainMs: 0 };
  }
  // The last fault takes the tables along, and where nothing waits the tree at once: two programs for the whole target.
  const present = await removeGate(context, entry);
  if (waitingPackets(entry, present.qdiscs) > 0) return { lookAgainMs: nextLookMs(longestWait(entry)) };
  return await undoTree(context, entry, present);
}

/** The target's entry; `gone` when the namespace is, since qdiscs and tables die with it. */
async function presentEntry(
  { ledger, namespaces }: DriverContext,
  namespace: Namespace,
): Promise<LedgerEntry | 'gone' | undefined> {
  const entry = await ledger.read(namespace);
  if (await isPresent(namespaces, namespace)) return entry;
  if (entry !== undefined) await ledger.remove(namespace.inode);
  return 'gone';
}

async function finishWhenDrained(
  context: DriverContext,
  namespace: Namespace,
  faultId: string,
  elapsedMs: number,
): Promise<Step> {
  const entry = await presentEntry(context, namespace);
  if (entry === undefined || entry === 'gone') return nothingLeft;
  const { qdiscs, links } = await context.programs.read(namespace, ['qdiscs', 'links']);
  const longestMs = longestWait(entry, faultId);
  if (waitingPackets(entry, qdiscs, faultId) > 0 && elapsedMs < longestMs + drainSlackMs) {
    return { lookAgainMs: nextLookMs(longestMs) };
  }
  if (entry.works.every(({ id }) => id === faultId)) return await undoTree(context, entry, { qdiscs, links });
  if (entry.works.some(({ id }) => id === faultId)) return await leaveOthers(context, entry, qdiscs, faultId);
  return nothingLeft;
}
