import { stat, statfs } from 'node:fs/promises';
import { SquallError } from '../lib/index.ts';

/** A network namespace and the file that names it. The inode tells whether the file still names the same one. */
export type FoundNamespace = { path: string; inode: number };
export type FindNamespace = (podUid: string) => Promise<FoundNamespace | undefined>;

/** Pod uids are UUIDs; nothing else may become part of a path. */
const uidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** NSFS_MAGIC of linux/magic.h: what statfs says of a file that names a namespace. */
const nsfsMagic = 0x6e736673;

/** Where the network namespace of a pod is; undefined when there is none. In the lab it is a named namespace, squall-<pod uid>. */
export const findNamespace: FindNamespace = async (podUid) => {
  if (!uidPattern.test(podUid)) {
    throw new SquallError('InvalidInput', `pod uid '${podUid}' is no UUID in lower case; no namespace is looked up for it`);
  }
  const path = `/run/netns/squall-${podUid}`;
  try {
    const [facts, system] = await Promise.all([stat(path), statfs(path)]);
    // A file whose namespace was unmounted stays as an ordinary empty file.
    return system.type === nsfsMagic ? { path, inode: facts.ino } : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new SquallError('Internal', `could not look at ${path}`, { cause: error });
  }
};
