/** On a Node: `run`, or `killed` for kill -9. */
export const agentAnnotation = 'tests.squall/agent';
/** Begins a line on the node's standard output that goes on with a `Sandbox` as JSON. */
export const sandboxMark = 'node: saw ';

/** What is in the network namespace of a pod. */
export type Sandbox = {
  /** namespace/name */
  pod: string;
  /** Since when it is known to be so: an instant of the host's clock, which is the guest's. */
  at: string;
  /** Kinds of the qdiscs of eth0 in the order of `tc`. */
  qdiscs: string[];
  /** Names of nftables tables. */
  tables: string[];
  /** How often the kernel said that a netem was put in, since the pod began. */
  injections: number;
};
