/** Network namespaces as files: pinned by inode, looked at again before every use, and never held open in between. */
import { open } from 'node:fs/promises';
import { isForbidden, isMissing, SquallError } from '../../lib/index.ts';
import type { Namespace } from '../kernel-driver.ts';
import { namespaceInode } from '../namespaces/files.ts';
import { namespaceGone, type PodNamespaces, withPathOf } from '../namespaces/pod-namespaces.ts';

/** @throws SquallError NotFound when there is no namespace at `path`, KernelRefused when it is the node's own */
export async function openNamespace(podUid: string, path: string): Promise<Namespace> {
  const inode = await namespaceInode(path);
  if (inode === undefined) {
    throw new SquallError('NotFound', `NamespaceGone: there is no network namespace at ${path} for pod ${podUid}`);
  }
  if (await isNodesOwn(inode)) {
    throw new SquallError(
      'KernelRefused',
      `HostNetwork: ${path} is the node's own network namespace; a fault in it would hurt the whole node, choose pods without hostNetwork`,
    );
  }
  return { podUid, path, inode };
}

/** The agent's own, or the first process's, which containers may not be allowed to look at. */
async function isNodesOwn(inode: number): Promise<boolean> {
  const ofFirst = await namespaceInode('/proc/1/ns/net').catch((error: unknown) => {
    if (!isForbidden(error)) throw error;
  });
  return inode === ofFirst || inode === (await namespaceInode('/proc/self/ns/net'));
}

export async function isPresent(namespaces: PodNamespaces, namespace: Namespace): Promise<boolean> {
  return (await namespaces.pathOf(namespace)) !== undefined;
}

/**
 * Calls `work` with a path that names exactly this namespace for the duration of the call, whatever happens to its own path.
 * @throws SquallError NotFound when the pod no longer has this namespace
 */
export async function withNamespace<T>(
  namespaces: PodNamespaces,
  namespace: Namespace,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const file = await withPathOf(namespaces, namespace, async ({ path, inode }) => {
    const opened = await open(path).catch((error: unknown) => {
      throw isMissing(error) ? namespaceGone(namespace, error) : error;
    });
    if ((await opened.stat()).ino === inode) return opened;
    await opened.close();
    throw namespaceGone(namespace);
  });
  try {
    return await work(`/proc/${String(process.pid)}/fd/${String(file.fd)}`);
  } finally {
    await file.close();
  }
}
