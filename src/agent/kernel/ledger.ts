/**
 * The ledger: one file a network namespace that says what was there before us and what we are about to put there. It is on disk
 * before the first command runs and goes away after the last one was proven undone, so that undoing never depends on anybody's memory.
 */
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing, messageOf, SquallError } from '../../lib/index.ts';
import type { FaultWork } from '../../api/index.ts';
import type { DropCount, TargetPlan } from '../../faults/index.ts';
import type { Namespace } from '../kernel-driver.ts';
import type { Observation } from './programs.ts';

export type LedgerEntry = {
  version: 1;
  instance: string;
  /** Of the boot that the namespace belongs to; inodes mean nothing in another. */
  bootId: string;
  namespace: Namespace;
  /** What was there before the first fault of this target. */
  snapshot: Observation;
  works: FaultWork[];
  /** The program of all works together. */
  plan: TargetPlan;
  /** Numbers of the devices that trees were put on: whoever renames a device takes its tree along. Absent where only names were kept. */
  indexes?: number[];
  /** By fault id: what was counted in bands that have been removed since. */
  carried: Record<string, DropCount>;
};

export type Ledger = {
  /** The entry of this very namespace; one that an older namespace with the same inode left behind does not count. */
  read(namespace: Namespace): Promise<LedgerEntry | undefined>;
  /**
   * Durable once this resolves; what was there before stays where it could not be written.
   * @throws SquallError Unavailable, LedgerNotWritten: the disk is full, or a limit or a right forbids it
   */
  write(entry: LedgerEntry): Promise<void>;
  remove(inode: number): Promise<void>;
  /**
   * Whether it names every namespace with something of ours: in this boot all of them were searched once, and the folder is still
   * the one that every fault since was written to.
   */
  isWhole(): Promise<boolean>;
  /** To be called once all namespaces were searched and nothing was found, or left, that the ledger does not name. */
  markWhole(): Promise<void>;
  /** Removes what a former life was writing as it was killed: what it was to replace is there, or nothing was in the kernel yet. */
  removeHalves(): Promise<void>;
  /** Every file, by inode; `entry` is undefined where the file cannot be read as one. */
  list(): Promise<{ inode: number; entry: LedgerEntry | undefined }[]>;
};

/** Ends the name of a file that is not whole yet. */
const halfWritten = '.new';

export function createLedger(stateFolder: string, instance: string, bootId: string): Ledger {
  const folder = join(stateFolder, 'ledger');
  const fileOf = (inode: number) => join(folder, `${String(inode)}.json`);
  const readEntry = async (inode: number): Promise<LedgerEntry | undefined> => {
    try {
      const entry = JSON.parse(await readFile(fileOf(inode), 'utf8')) as Partial<LedgerEntry>;
      return entry.version === 1 && entry.instance === instance ? (entry as LedgerEntry) : undefined;
    } catch (error) {
      if (isMissing(error) || error instanceof SyntaxError) return undefined;
      throw error;
    }
  };
  const markFile = join(stateFolder, 'ledger-searched.json');
  return {
    isWhole: async () => {
      const [mark, identity] = await Promise.all([readFile(markFile, 'utf8').catch(undefinedIfMissing), identityOf(folder)]);
      return identity !== undefined && mark === searchedMark(bootId, instance, identity);
    },
    markWhole: async () => {
      await mkdir(folder, { recursive: true });
      await writeDurably(markFile, searchedMark(bootId, instance, (await identityOf(folder)) ?? ''));
    },
    read: async ({ inode, podUid }) => {
      const entry = await readEntry(inode);
      return entry?.bootId === bootId && entry.namespace.podUid === podUid ? entry : undefined;
    },
    write: async (entry) => {
      const file = fileOf(entry.namespace.inode);
      const temporary = `${file}${halfWritten}`;
      try {
        await mkdir(folder, { recursive: true });
        await writeDurably(temporary, JSON.stringify(entry));
        await rename(temporary, file);
        await syncFolder(folder);
      } catch (error) {
        // Half of it is of no use, and takes space where there may be none.
        await rm(temporary, { force: true }).catch(() => undefined);
        throw notWritten(file, error);
      }
    },
    remove: async (inode) => {
      await rm(fileOf(inode), { force: true });
      await syncFolder(folder);
    },
    removeHalves: async () => {
      const names = (await readdir(folder).catch(undefinedIfMissing)) ?? [];
      const halves = names.filter((name) => name.endsWith(halfWritten));
      await Promise.all(
        halves.map(async (name) => {
          await rm(join(folder, name), { force: true });
        }),
      );
    },
    list: async () => {
      const names = (await readdir(folder).catch(undefinedIfMissing)) ?? [];
      const inodes = names.map((name) => /^(\d+)\.json$/.exec(name)?.[1]).filter((inode) => inode !== undefined);
      return await Promise.all(inodes.map(async (inode) => ({ inode: Number(inode), entry: await readEntry(Number(inode)) })));
    },
  };
}

function notWritten(file: string, error: unknown): SquallError {
  const remedy =
    'free its disk, or let the agent write there (its rights, RLIMIT_FSIZE and RLIMIT_NOFILE), and start the fault again';
  const why = `${messageOf(error)}; a fault that no file says how to undo is not put into a kernel`;
  return new SquallError('Unavailable', `LedgerNotWritten: ledger file ${file} could not be written: ${why}; ${remedy}`);
}

function searchedMark(bootId: string, instance: string, folder: string): string {
  return JSON.stringify({ version: 1, bootId, instance, folder });
}

/** A folder that was deleted and made again is another one. */
async function identityOf(folder: string): Promise<string | undefined> {
  const facts = await stat(folder, { bigint: true }).catch(undefinedIfMissing);
  return facts && `${String(facts.ino)}-${String(facts.birthtimeNs)}`;
}

function undefinedIfMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}

/** Names this boot of the kernel. */
export async function readBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

export async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A rename is durable once its folder is. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path).catch(undefinedIfMissing);
  if (folder === undefined) return;
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
