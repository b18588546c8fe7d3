import { readdir, stat, statfs } from 'node:fs/promises';
import { isForbidden, isMissing } from '../../lib/index.ts';

/** NSFS_MAGIC of linux/magic.h: what statfs says of a file that names a namespace. One whose namespace was unmounted stays as an ordinary file. */
const nsfsMagic = 0x6e736673;

/** The number of the namespace that a file names; undefined when nothing is there, or something else. Rejects as the kernel refuses. */
export async function namespaceInode(path: string): Promise<number | undefined> {
  try {
    const [facts, system] = await Promise.all([stat(path), statfs(path)]);
    return system.type === nsfsMagic ? facts.ino : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Names in a folder; none where there is no such folder, or it may not be looked into. */
export async function visibleNames(folder: string): Promise<string[]> {
  return await readdir(folder).catch((error: unknown) => {
    if (isMissing(error) || isForbidden(error)) return [];
    throw error;
  });
}
