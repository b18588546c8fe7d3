import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing, SquallError } from '../../lib/index.ts';
import type { Namespace } from '../kernel-driver.ts';
import { namespaceInode } from './files.ts';
import type { PodNamespaces } from './pod-namespaces.ts';

/** Pod uids are UUIDs; nothing else may become part of a path. */
const uidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const prefix = 'squall-';

/** The lab's way: a pod's namespace has the name squall-UID, and keeps it as long as it lives. */
export function namedNamespaces(folder = '/run/netns'): PodNamespaces {
  return {
    find: async (podUid) => {
      if (!uidPattern.test(podUid)) {
        throw new SquallError('InvalidInput', `pod uid '${podUid}' is no UUID in lower case; no namespace is looked up for it`);
      }
      const path = join(folder, prefix + podUid);
      const inode = await inodeAt(path);
      return inode === undefined ? undefined : { path, inode };
    },
    pathOf: async ({ path, inode }) => ((await namespaceInode(path)) === inode ? path : undefined),
    list: async () => {
      const names = (await namesIn(folder)).filter((name) => name.startsWith(prefix));
      const found = names.map(async (name): Promise<Namespace | undefined> => {
        const path = join(folder, name);
        const inode = await namespaceInode(path);
        return inode === undefined ? undefined : { podUid: name.slice(prefix.length), path, inode };
      });
      return (await Promise.all(found)).filter((one) => one !== undefined);
    },
  };
}

async function inodeAt(path: string): Promise<number | undefined> {
  try {
    return await namespaceInode(path);
  } catch (error) {
    throw new SquallError('Internal', `could not look at ${path}`, { cause: error });
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
}
