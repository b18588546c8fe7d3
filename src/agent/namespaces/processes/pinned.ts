import { join } from 'node:path';
import { namespaceInode, visibleNames } from '../files.ts';
import { isInhabited } from './scan.ts';

/** Where container runtimes give namespaces a name, as the node's first process sees it. */
const folders = ['1/root/run/netns', '1/root/run/docker/netns'];

/**
 * The file by which a runtime keeps a namespace that no process is in: without a sandbox process (CRI-O) a pod whose containers
 * are between two starts has none. One that somebody is in is another pod's by now, for this pod has no process.
 */
export async function findPinned(processes: string, inode: number): Promise<string | undefined> {
  for (const folder of folders.map((name) => join(processes, name))) {
    for (const name of await visibleNames(folder)) {
      const path = join(folder, name);
      if ((await namespaceInode(path)) !== inode) continue;
      return (await isInhabited(processes, inode)) ? undefined : path;
    }
  }
  return undefined;
}
