/** Every network namespace of this machine, whoever made it, each once. */
import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** NSFS_MAGIC of linux/magic.h. */
const nsfsMagic = 0x6e736673;

/** A file that names it, as long as that file or process lives; it is never held open here. */
export type MachineNamespace = { inode: number; path: string };

/**
 * The namespaces that have a name in `folder` and those that a process is in. Named ones come by their name. What vanishes
 * meanwhile is left out; a process that may not be looked at is left out too, for its namespace could not be entered either.
 */
export async function listNamespaces(folder = '/run/netns', processes = '/proc'): Promise<MachineNamespace[]> {
  const named = (await namesIn(folder)).map((name) => join(folder, name));
  const ofProcesses = (await namesIn(processes))
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => join(processes, pid, 'ns', 'net'));
  const found = new Map<number, MachineNamespace>();
  for (const path of [...named, ...ofProcesses]) {
    const inode = await inodeAt(path);
    if (inode !== undefined && !found.has(inode)) found.set(inode, { inode, path });
  }
  return [...found.values()];
}

/** Whether it is still what its path names; a process may have ended meanwhile. */
export async function isThere({ inode, path }: MachineNamespace): Promise<boolean> {
  return (await inodeAt(path)) === inode;
}

async function inodeAt(path: string): Promise<number | undefined> {
  try {
    const [facts, system] = await Promise.all([stat(path), statfs(path)]);
    return system.type === nsfsMagic ? facts.ino : undefined;
  } catch (error) {
    if (isGoneOrClosed(error)) return undefined;
    throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).catch((error: unknown) => {
    if (isGoneOrClosed(error)) return [];
    throw error;
  });
}

function isGoneOrClosed(error: unknown): boolean {
  return ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '');
}
