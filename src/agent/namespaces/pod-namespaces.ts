/**
 * The port between the agent and its knowledge of which network namespace is which pod's. There are two ways to know: named
 * namespaces (the lab) and the processes of a node (a cluster). An agent is told which; it never guesses.
 */
import { SquallError } from '../../lib/index.ts';
import type { KernelDriver, Namespace } from '../kernel-driver.ts';

/** A network namespace and a file that names it now. The inode tells whether the file still names the same one. */
export type FoundNamespace = { path: string; inode: number };

/** Nothing is held open: what a path names may change at any moment, and is looked at again when it is used. */
export type PodNamespaces = {
  /**
   * undefined when the pod has no network namespace on this node.
   * @throws SquallError InvalidInput for a uid that is none; KernelRefused with the reason when nothing may be done to the pod's
   * namespace, or it cannot be told which is the pod's; PermissionDenied when this agent may not look
   */
  find(podUid: string): Promise<FoundNamespace | undefined>;
  /** A file that names exactly this namespace of the pod now, be it another than `path`; undefined when the pod no longer has it. */
  pathOf(namespace: Namespace): Promise<string | undefined>;
  /** Every namespace of a pod of this node, but the node's own: for a search that goes by nobody's memory. */
  list(): Promise<Namespace[]>;
};

/** What a process's end between looking and using costs is one more look. */
const mostLooks = 4;

/**
 * Calls `use` with a file that names the namespace; where that has gone meanwhile (`use` rejects with NotFound) with the next.
 * @throws SquallError NotFound when the pod no longer has the namespace
 */
export async function withPathOf<T>(
  namespaces: Pick<PodNamespaces, 'pathOf'>,
  namespace: Namespace,
  use: (found: FoundNamespace) => T | Promise<T>,
): Promise<T> {
  for (let look = 1; ; look += 1) {
    const path = await namespaces.pathOf(namespace);
    if (path === undefined) throw namespaceGone(namespace);
    try {
      return await use({ path, inode: namespace.inode });
    } catch (error) {
      if (!isNotFound(error) || look === mostLooks) throw error;
    }
  }
}

/** The pod's namespace, pinned; undefined when it has none. Rejects as `find` and `openNamespace` do. */
export async function findAndPin(
  namespaces: Pick<PodNamespaces, 'find'>,
  podUid: string,
  kernel: Pick<KernelDriver, 'openNamespace'>,
): Promise<Namespace | undefined> {
  for (let look = 1; ; look += 1) {
    const found = await namespaces.find(podUid);
    if (found === undefined) return undefined;
    try {
      const pinned = await kernel.openNamespace(podUid, found.path);
      // Another one has taken the path: the process's number was given away again.
      if (pinned.inode === found.inode) return pinned;
      if (look === mostLooks) throw namespaceGone({ podUid, ...found });
    } catch (error) {
      if (!isNotFound(error) || look === mostLooks) throw error;
    }
  }
}

/** Whether the pod no longer has the namespace. What could not be looked at is not lost: whatever is in it has to be undone. */
export async function hasLost(namespaces: Pick<PodNamespaces, 'pathOf'>, namespace: Namespace): Promise<boolean> {
  return (await namespaces.pathOf(namespace).catch(() => 'unknown')) === undefined;
}

export function namespaceGone({ podUid, path, inode }: Namespace, cause?: unknown): SquallError {
  return new SquallError(
    'NotFound',
    `NamespaceGone: the network namespace ${String(inode)} of pod ${podUid} is no longer at ${path}, nor anywhere else`,
    { cause },
  );
}

function isNotFound(error: unknown): boolean {
  return error instanceof SquallError && error.code === 'NotFound';
}
