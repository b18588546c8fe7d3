/** Undoes what a former life of this instance left in the kernel. */
import { codeOf, messageOf } from '../../lib/index.ts';
import type { Namespace } from '../kernel-driver.ts';
import { namespaceGone, type PodNamespaces, withPathOf } from '../namespaces/pod-namespaces.ts';
import type { DriverContext } from './context.ts';
import type { LedgerEntry } from './ledger.ts';
import { isPresent, openNamespace } from './namespace.ts';
import { undoTarget, undoUnrecorded } from './undo.ts';

export type Sweep = { removed: string[]; residue: number };

const nothing: Sweep = { removed: [], residue: 0 };

/** What waits in queues after a crash has been waiting long enough; the sweep has two seconds. */
const sweepDrainMs = 1000;

/**
 * By the ledger; and where that may not name them all, by the name of the table in every pod's namespace. Never another instance's.
 * A target that cannot be undone counts as residue, and the others are swept all the same.
 */
export async function sweepNode(context: DriverContext): Promise<Sweep> {
  const { ledger, namespaces } = context;
  await ledger.removeHalves();
  const [entries, whole] = [await ledger.list(), await ledger.isWhole()];
  const byLedger = await Promise.all(entries.map(async ({ inode, entry }) => await sweepEntry(context, inode, entry)));
  const mustSearch = !whole || entries.some(({ entry }) => entry === undefined);
  const searched = mustSearch ? await namespaces.list() : [];
  const byTable = await Promise.all(searched.map(async (namespace) => await sweepByTable(context, namespace)));
  const parts = [...byLedger, ...byTable];
  const residue = parts.reduce((sum, part) => sum + part.residue, 0);
  const notes: string[] = [];
  if (mustSearch && residue === 0) {
    // Only now: while they are there, whoever comes after a failure knows that the search must be done again.
    for (const { inode, entry } of entries) if (entry === undefined) await ledger.remove(inode);
    // Where that cannot be written, what was undone is so all the same, and the next life searches once more.
    await ledger
      .markWhole()
      .catch((error: unknown) => notes.push(`that all was searched could not be noted: ${messageOf(error)}`));
  }
  return { removed: [...parts.flatMap(({ removed }) => removed), ...notes], residue };
}

async function sweepEntry(context: DriverContext, inode: number, entry: LedgerEntry | undefined): Promise<Sweep> {
  const { ledger, queue, bootId, namespaces } = context;
  return await queue(inode, async () => {
    // What cannot be read leaves the search by table name.
    if (entry === undefined) return nothing;
    // Another boot's kernel state is gone, as is that of a namespace.
    // A namespace whose path has gone may live on: then it is found by the pod's uid.
    if (entry.bootId !== bootId || !(await isPresent(namespaces, entry.namespace))) {
      await ledger.remove(inode);
      return nothing;
    }
    const text = `${entry.namespace.path}: ${entry.works.map(({ id, device }) => `fault ${id} on ${device}`).join(', ')}`;
    return await attempt(text, async () => {
      const { residue, changedByOthers } = await undoTarget(context, entry, sweepDrainMs);
      return { removed: [text, ...changedByOthers.map((change) => `${entry.namespace.path}: ${change}, by others`)], residue };
    });
  });
}

async function sweepByTable(context: DriverContext, listed: Namespace): Promise<Sweep> {
  return await attempt(listed.path, async () => {
    const namespace = await openIfPresent(context.namespaces, listed);
    if (namespace === undefined) return nothing;
    return await context.queue(namespace.inode, async () => {
      // The ledger's own are done, or have been counted as residue.
      if ((await context.ledger.read(namespace)) !== undefined) return nothing;
      return { removed: await undoneUnlessGone(context, namespace), residue: 0 };
    });
  });
}

/** A namespace that goes while it is looked at takes everything along. */
async function undoneUnlessGone(context: DriverContext, namespace: Namespace): Promise<string[]> {
  return await undoUnrecorded(context, namespace).catch((error: unknown) => {
    if (codeOf(error) === 'NotFound') return [];
    throw error;
  });
}

async function openIfPresent(namespaces: PodNamespaces, listed: Namespace): Promise<Namespace | undefined> {
  try {
    return await withPathOf(namespaces, listed, async ({ path, inode }) => {
      const opened = await openNamespace(listed.podUid, path);
      if (opened.inode !== inode) throw namespaceGone(listed);
      return opened;
    });
  } catch (error) {
    // Gone meanwhile, or the node's own, which no fault was ever put into.
    if (['NotFound', 'KernelRefused'].includes(codeOf(error))) return undefined;
    throw error;
  }
}

/** One namespace that refuses must not keep the others from being swept; it counts. */
async function attempt(what: string, work: () => Promise<Sweep>): Promise<Sweep> {
  try {
    return await work();
  } catch (error) {
    return { removed: [`${what}: could not be undone: ${messageOf(error)}`], residue: 1 };
  }
}
