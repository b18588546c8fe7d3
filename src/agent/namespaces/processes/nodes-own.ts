import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isForbidden, messageOf, SquallError } from '../../../lib/index.ts';
import { namespaceInode } from '../files.ts';
import { namespacePath } from './scan.ts';

/** The kernel's own thread, which every node has as its second process. */
const kernelThread = { pid: 2, name: 'kthreadd' };

/**
 * Inodes of the network namespaces that no fault may be put into: the node's, which its first process is in, and this agent's.
 * @throws SquallError PermissionDenied when the node's cannot be known: then no pod could be told from the node
 */
export async function nodesOwnNamespaces(folder: string): Promise<ReadonlySet<number>> {
  const [node, own] = await Promise.all([nodesNamespace(folder), namespaceInode('/proc/self/ns/net')]);
  return new Set([node, own].filter((inode) => inode !== undefined));
}

async function nodesNamespace(folder: string): Promise<number> {
  let hindrance = 'there is no first process';
  try {
    const inode = await namespaceInode(namespacePath(folder, 1));
    if (inode !== undefined) return inode;
  } catch (error) {
    if (!isForbidden(error)) throw error;
    hindrance = messageOf(error);
  }
  const name = await readFile(join(folder, String(kernelThread.pid), 'comm'), 'utf8').catch(() => '');
  const inode = name.trim() === kernelThread.name ? await namespaceInode(namespacePath(folder, kernelThread.pid)) : undefined;
  if (inode !== undefined) return inode;
  throw new SquallError(
    'PermissionDenied',
    `the node's own network namespace cannot be told from those of pods (${hindrance} in ${folder}); run the agent with hostPID and the capability SYS_PTRACE`,
  );
}
