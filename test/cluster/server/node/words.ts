/** On a Node: `run`, or `killed` for kill -9. */
export const agentAnnotation = 'tests.squall/agent';
/** On a Pod: what is in its network namespace, as JSON of `Sandbox`. */
export const sandboxAnnotation = 'tests.squall/sandbox';

/** Kinds of the qdiscs of eth0 in the order of `tc`, and names of nftables tables. */
export type Sandbox = { qdiscs: string[]; tables: string[] };
