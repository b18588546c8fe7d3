/** Where this agent finds what is its node's, and not its own container's. */

export type NodePlace = {
  /** A file that names the network namespace whose sysctls are the node's. */
  netNamespace: string;
  /** The folder that is the root of the node's files; `` where the agent sees them as they are. */
  root: string;
};

/** Of an agent that is started on the node itself; under `unshare --net` the node is that namespace. */
export const ownPlace: NodePlace = { netNamespace: '/proc/self/ns/net', root: '' };

/** Of an agent in a container that sees the node's processes: by the first of them. */
export const firstProcessPlace: NodePlace = { netNamespace: '/proc/1/ns/net', root: '/proc/1/root' };
