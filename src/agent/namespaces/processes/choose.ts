/** Decides which of the network namespaces that a pod's processes are in is the pod's. Reads nothing. */

export type PodProcess = {
  pid: number;
  /** Clock ticks since boot: the lowest is the oldest. */
  startedAt: number;
  /** undefined for a process of the pod that is in no container. */
  container: string | undefined;
  /** Of its network namespace. */
  inode: number;
};

export type NamespaceChoice = { pid: number; inode: number } | { refusal: string };

/**
 * The namespace that more than half of the first processes of the pod's containers are in: the runtime starts these, the sandbox's
 * among them, in the pod's namespace, whatever they or their children do later. The process that names it is the oldest there.
 * @param processes of one pod
 * @param ofNode inodes of the node's own namespaces
 * @returns undefined when there is no process; a refusal begins with its reason in one word
 */
export function chooseNamespace(
  podUid: string,
  processes: readonly PodProcess[],
  ofNode: ReadonlySet<number>,
): NamespaceChoice | undefined {
  if (processes.length === 0) return undefined;
  const firsts = firstProcesses(processes);
  const byInode = Map.groupBy(firsts, ({ inode }) => inode);
  const chosen = [...byInode.values()].find((those) => those.length * 2 > firsts.length);
  const [oldest] = chosen ?? [];
  if (oldest === undefined) {
    const places = [...byInode].map(([inode, those]) => `${String(inode)} (process ${those.map(({ pid }) => pid).join(', ')})`);
    return {
      refusal: `AmbiguousNamespace: the containers of pod ${podUid} are in different network namespaces, ${places.join(' and ')}, and none is that of most; choose pods that do not make network namespaces of their own`,
    };
  }
  if (ofNode.has(oldest.inode)) {
    return {
      refusal: `HostNetwork: pod ${podUid} is in the node's own network namespace; a fault in it would hurt the whole node, choose pods without hostNetwork`,
    };
  }
  return { pid: oldest.pid, inode: oldest.inode };
}

/** Of each container, oldest first; processes in no container are asked only where there is none. */
function firstProcesses(processes: readonly PodProcess[]): PodProcess[] {
  const byAge = processes.toSorted((one, other) => one.startedAt - other.startedAt || one.pid - other.pid);
  const contained = byAge.filter(({ container }) => container !== undefined);
  const asked = contained.length > 0 ? contained : byAge;
  return [...Map.groupBy(asked, ({ container }) => container).values()].flatMap(([first]) => (first ? [first] : []));
}
