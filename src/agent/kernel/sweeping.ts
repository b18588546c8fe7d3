/** Undoes what a former life of this instance left in the kernel. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, messageOf } from '../../lib/index.ts';
import type { Namespace } from '../kernel-driver.ts';
import type { DriverContext } from './context.ts';
import type { LedgerEntry } from './ledger.ts';
import { isMissing, isPresent, openNamespace } from './namespace.ts';
import { undoTarget, undoUnrecorded } from './undo.ts';

export type Sweep = { removed: string[]; residue: number };

/** What waits in queues after a crash has been waiting long enough; the sweep has two seconds. */
const sweepDrainMs = 1000;
const namespacePrefix = 'squall-';

/**
 * By the ledger; and where that may not name them all, by the name of the table in every pod's namespace. Never another instance's.
 * A target that cannot be undone counts as residue, and the others are swept all the same.
 */
export async function sweepNode(context: DriverContext, namespaceFolder: string): Promise<Sweep> {
  const { ledger } = context;
  const [entries, whole] = [await ledger.list(), await ledger.isWhole()];
  const byLedger = await Promise.all(entries.map(async ({ inode, entry }) => await sweepEntry(context, inode, entry)));
  const mustSearch = !whole || entries.some(({ entry }) => entry === undefined);
  const names = mustSearch ? (await listFolder(namespaceFolder)).filter((name) => name.startsWith(namespacePrefix)) : [];
  const byTable = await Promise.all(names.map(async (name) => await sweepByTable(context, namespaceFolder, name)));
  const parts = [...byLedger, ...byTable];
  const residue = parts.reduce((sum, part) => sum + part.residue, 0);
  if (mustSearch && residue === 0) await ledger.markWhole();
  return { removed: parts.flatMap(({ removed }) => removed), residue };
}

async function sweepEntry(context: DriverContext, inode: number, entry: LedgerEntry | undefined): Promise<Sweep> {
  const { ledger, queue, bootId } = context;
  return await queue(inode, async () => {
    // Another boot's kernel state is gone, as is that of a namespace; an unreadable file leaves the search by table name.
    if (entry?.bootId !== bootId || !(await isPresent(entry.namespace))) {
      await ledger.remove(inode);
      return { removed: [], residue: 0 };
    }
    const text = `${entry.namespace.path}: ${entry.works.map(({ id, device }) => `fault ${id} on ${device}`).join(', ')}`;
    return await attempt(text, async () => {
      const { residue, changedByOthers } = await undoTarget(context, entry, sweepDrainMs);
      return { removed: [text, ...changedByOthers.map((change) => `${entry.namespace.path}: ${change}, by others`)], residue };
    });
  });
}

async function sweepByTable(context: DriverContext, folder: string, name: string): Promise<Sweep> {
  const path = join(folder, name);
  return await attempt(path, async () => {
    const namespace = await openIfPresent(name.slice(namespacePrefix.length), path);
    if (namespace === undefined) return { removed: [], residue: 0 };
    return await context.queue(namespace.inode, async () => {
      // The ledger's own are done, or have been counted as residue.
      if ((await context.ledger.read(namespace)) !== undefined) return { removed: [], residue: 0 };
      return { removed: await undoUnrecorded(context, namespace), residue: 0 };
    });
  });
}

async function openIfPresent(podUid: string, path: string): Promise<Namespace | undefined> {
  return await openNamespace(podUid, path).catch((error: unknown) => {
    // Gone meanwhile, or the node's own, which no fault was ever put into.
    if (['NotFound', 'KernelRefused'].includes(codeOf(error))) return undefined;
    throw error;
  });
}

/** One namespace that refuses must not keep the others from being swept; it counts. */
async function attempt(what: string, work: () => Promise<Sweep>): Promise<Sweep> {
  try {
    return await work();
  } catch (error) {
    return { removed: [`${what}: could not be undone: ${messageOf(error)}`], residue: 1 };
  }
}

async function listFolder(path: string): Promise<string[]> {
  return await readdir(path).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
}
