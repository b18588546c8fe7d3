/** What the REST server needs of a collector: the built-in one has it, and a test can make one. */
import type { AgentView, NetworkObserver } from '../network-observer.ts';

export type ActiveFlowsQuery = {
  /** Of the subscription. */
  id: string;
  flow: string;
  most: number;
  /** Smaller values are left out. */
  least: number;
  /** Undefined: all agents. */
  agent?: string;
  /** Of a flow that several data sources saw: the largest of its values, or all of them together. */
  mode: 'max' | 'sum';
};

/** `value` in units a second. Largest first. */
export type ActiveFlow = { key: string; value: number; agent: string; dataSource: string };

export type SflowRtCollector = Pick<NetworkObserver, 'put' | 'remove' | 'view' | 'onCrossing'> & {
  agents: () => Promise<AgentView[]>;
  activeFlows: (query: ActiveFlowsQuery) => Promise<ActiveFlow[]>;
};
