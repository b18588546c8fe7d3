/** Every network namespace of this machine, whoever made it, each once. */
import { join } from 'node:path';
import { isForbidden } from '../../lib/index.ts';
import { namespaceInode, visibleNames } from '../namespaces/files.ts';

/** A file that names it, as long as that file or process lives; it is never held open here. */
export type MachineNamespace = { inode: number; path: string };

/**
 * The namespaces that have a name in `folder` and those that a process is in. Named ones come by their name. What vanishes
 * meanwhile is left out; a process that may not be looked at is left out too, for its namespace could not be entered either.
 */
export async function listNamespaces(folder = '/run/netns', processes = '/proc'): Promise<MachineNamespace[]> {
  const named = (await visibleNames(folder)).map((name) => join(folder, name));
  const ofProcesses = (await visibleNames(processes))
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
  return await namespaceInode(path).catch((error: unknown) => {
    if (!isForbidden(error)) throw error;
    return undefined;
  });
}
