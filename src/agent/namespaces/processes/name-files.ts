import { close, open } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isMissing } from '../../../lib/index.ts';
import { onlyFind } from '../../../probes/index.ts';
import type { WithNameFiles } from '../name-files.ts';
import { namespaceGone } from '../pod-namespaces.ts';
import { lookAtProcess, type ScannedProcess, scanProcesses } from './scan.ts';
import { shareNext } from './share-next.ts';

const [openFile, closeFile] = [promisify(open), promisify(close)];

/**
 * A cluster's way: the files are in the root of a process of the pod, as the kubelet and the container runtime have put them there.
 * Nothing below that root is opened here: a container decides what is there, and whether it answers.
 */
export function processNameFiles(folder = '/proc'): WithNameFiles {
  const scan = shareNext(async () => await scanProcesses(folder));
  return async (namespace, use) => {
    const inside = (await scan()).filter(({ podUid, inode }) => podUid === namespace.podUid && inode === namespace.inode);
    for (const process of byNearnessToWork(inside)) {
      const root = await openFile(join(folder, String(process.pid), 'root'), onlyFind).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
      });
      if (root === undefined) continue;
      try {
        // The number may have been another process's when the root was opened.
        if (isSame(process, lookAtProcess(folder, process.pid))) return use({ root });
      } finally {
        await closeFile(root);
      }
    }
    throw namespaceGone(namespace);
  };
}

/**
 * The oldest process of each container, oldest first, but the pod's first container last: mostly that is the runtime's sandbox, which has no
 * /etc/hosts of the kubelet's, with the pod's hostAliases. Pure.
 */
export function byNearnessToWork<Process extends Pick<ScannedProcess, 'pid' | 'startedAt' | 'container'>>(
  processes: readonly Process[],
): Process[] {
  const byAge = processes.toSorted((one, other) => one.startedAt - other.startedAt || one.pid - other.pid);
  const contained = byAge.filter(({ container }) => container !== undefined);
  const containers = Map.groupBy(contained.length > 0 ? contained : byAge, ({ container }) => container);
  const firsts = [...containers.values()].flatMap(([first]) => (first === undefined ? [] : [first]));
  return [...firsts.slice(1), ...firsts.slice(0, 1)];
}

function isSame(one: ScannedProcess, other: ScannedProcess | undefined): boolean {
  return other?.startedAt === one.startedAt && other.podUid === one.podUid && other.inode === one.inode;
}
