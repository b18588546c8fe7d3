/** Network namespaces as files: pinned by inode, looked at again before every use, and never held open in between. */
import { open, stat, statfs } from 'node:fs/promises';
import { SquallError } from '../../lib/index.ts';
import type { Namespace } from '../kernel-driver.ts';

/** NSFS_MAGIC of linux/magic.h. A file whose namespace was unmounted stays behind as an ordinary one. */
const nsfsMagic = 0x6e736673;

/** @throws SquallError NotFound when there is no namespace at `path`, KernelRefused when it is the node's own */
export async function openNamespace(podUid: string, path: string): Promise<Namespace> {
  const inode = await inodeAt(path);
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

/** undefined when nothing is there, or something else than a namespace. */
async function inodeAt(path: string): Promise<number | undefined> {
  try {
    const [facts, system] = await Promise.all([stat(path), statfs(path)]);
    return system.type === nsfsMagic ? facts.ino : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The agent's own, or the first process's, which containers may not be allowed to look at. */
async function isNodesOwn(inode: number): Promise<boolean> {
  const ofFirst = await inodeAt('/proc/1/ns/net').catch(() => undefined);
  return inode === ofFirst || inode === (await inodeAt('/proc/self/ns/net'));
}

export async function isPresent({ path, inode }: Namespace): Promise<boolean> {
  return (await inodeAt(path)) === inode;
}

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/**
 * Calls `work` with a path that names exactly this namespace for the duration of the call, whatever happens to its own path.
 * @throws SquallError NotFound when the path names another namespace by now, or none
 */
export async function withNamespace<T>(namespace: Namespace, work: (path: string) => Promise<T>): Promise<T> {
  const { path, podUid, inode } = namespace;
  const gone = (cause?: unknown) =>
    new SquallError(
      'NotFound',
      `NamespaceGone: the network namespace ${String(inode)} of pod ${podUid} is no longer at ${path}`,
      { cause },
    );
  const file = await open(path).catch((error: unknown) => {
    throw isMissing(error) ? gone(error) : error;
  });
  try {
    if ((await file.stat()).ino !== inode) throw gone();
    return await work(`/proc/${String(process.pid)}/fd/${String(file.fd)}`);
  } finally {
    await file.close();
  }
}
