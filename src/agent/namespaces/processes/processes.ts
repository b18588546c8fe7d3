import { setTimeout as sleep } from 'node:timers/promises';
import { SquallError } from '../../../lib/index.ts';
import type { Namespace } from '../../kernel-driver.ts';
import { namespaceInode } from '../files.ts';
import type { PodNamespaces } from '../pod-namespaces.ts';
import { chooseNamespace, type NamespaceChoice, type PodProcess } from './choose.ts';
import { nodesOwnNamespaces } from './nodes-own.ts';
import { findPinned } from './pinned.ts';
import { lookAtProcess, namespacePath, type ScannedProcess, scanProcesses } from './scan.ts';
import { shareNext } from './share-next.ts';

/** A UUID, or the 32 hexadecimal characters of a static pod's configuration (the annotation kubernetes.io/config.hash). */
const uidPattern = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})$/;

/** A container that is being started is in the pod's cgroup for a moment before it is in the pod's namespace. */
const settleMs = 250;

/**
 * A cluster's way: a pod's namespace is that of its processes, which say in /proc/PID/cgroup whose they are. A path lasts no longer
 * than its process; the namespace is then found again by another process of the pod, or by the name that the runtime gave it.
 * @param folder where the node's processes are; needs its PID namespace, and the capability SYS_PTRACE
 * @param settle what lies between two looks, the second of which decides about a refusal
 */
export function processNamespaces(folder = '/proc', settle: () => Promise<void> = pauseToSettle): PodNamespaces {
  const scan = shareNext(async () => await scanProcesses(folder));
  const choose = async (podUid: string): Promise<NamespaceChoice | undefined> => {
    const [ofNode, all] = [await nodesOwnNamespaces(folder), await scan()];
    const mine = all.filter((process) => process.podUid === podUid);
    return chooseNamespace(podUid, mine.map(demandInode), ofNode);
  };
  return {
    find: async (podUid) => {
      if (!uidPattern.test(podUid)) {
        throw new SquallError('InvalidInput', `pod uid '${podUid}' is neither a UUID in lower case nor a static pod's hash`);
      }
      let choice = await choose(podUid);
      if (choice !== undefined && 'refusal' in choice) {
        await settle();
        choice = await choose(podUid);
      }
      if (choice === undefined) return undefined;
      if ('refusal' in choice) throw new SquallError('KernelRefused', choice.refusal);
      return { path: namespacePath(folder, choice.pid), inode: choice.inode };
    },
    pathOf: async (namespace) => {
      if (await isStillAt(folder, namespace)) return namespace.path;
      const another = (await scan())
        .filter(({ podUid, inode }) => podUid === namespace.podUid && inode === namespace.inode)
        .toSorted((one, other) => one.startedAt - other.startedAt || one.pid - other.pid)[0];
      return another === undefined ? await findPinned(folder, namespace.inode) : namespacePath(folder, another.pid);
    },
    list: async () => {
      const [ofNode, all] = [await nodesOwnNamespaces(folder), await scan()];
      const found = all
        .flatMap(({ podUid, inode, pid }): Namespace[] => {
          // One that may not be looked at cannot be entered either: nothing of ours is in it.
          return inode === undefined || ofNode.has(inode) ? [] : [{ podUid, inode, path: namespacePath(folder, pid) }];
        })
        .map((namespace): [string, Namespace] => [`${namespace.podUid} ${String(namespace.inode)}`, namespace]);
      return [...new Map(found).values()];
    },
  };
}

/** A process's number alone proves nothing: it may be another pod's process by now. */
async function isStillAt(folder: string, { path, podUid, inode }: Namespace): Promise<boolean> {
  const pid = Number(/\/(\d+)\/ns\/net$/.exec(path)?.[1]);
  if (namespacePath(folder, pid) === path) {
    const process = lookAtProcess(folder, pid);
    return process?.podUid === podUid && process.inode === inode;
  }
  return (await namespaceInode(path)) === inode && (await findPinned(folder, inode)) === path;
}

async function pauseToSettle(): Promise<void> {
  await sleep(settleMs);
}

/** Of a pod that is asked for, every process counts: without one of them its namespace might be another. */
function demandInode({ inode, ...process }: ScannedProcess): PodProcess {
  if (inode !== undefined) return { ...process, inode };
  throw new SquallError(
    'PermissionDenied',
    `this agent may not look at process ${String(process.pid)} of pod ${process.podUid}; run it as root of the node, with hostPID and the capability SYS_PTRACE`,
  );
}
