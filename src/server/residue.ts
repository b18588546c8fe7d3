import { agentResidueAnnotation, nodeLabel, type NodeTask, type TargetPhase } from '../api/index.ts';

/** The Lease by which an agent says that it is there, and what of a former life it still finds. */
export type AgentLease = {
  metadata: { labels?: Record<string, string>; annotations?: Record<string, string> };
  /** The node's name in full, which the label may have shortened. */
  spec?: { holderIdentity?: string };
};

const endPhases: readonly TargetPhase[] = ['Clean', 'Lost', 'Refused'];

/** Things of ours in kernels that no live task owns, by node: of tasks that have ended, and of agents' former lives. Pure. */
export function residueByNode(tasks: readonly NodeTask[], agents: readonly AgentLease[]): Record<string, number> {
  const sums: Record<string, number> = {};
  const add = (node: string, residue: number) => {
    sums[node] = (sums[node] ?? 0) + residue;
  };
  for (const task of tasks) add(task.spec.node, residueOfEnded(task));
  for (const agent of agents) {
    const node = agent.spec?.holderIdentity ?? agent.metadata.labels?.[nodeLabel];
    if (node !== undefined) add(node, residueOf(agent));
  }
  return sums;
}

/** Of all nodes. */
export function totalResidue(tasks: readonly NodeTask[], agents: readonly AgentLease[]): number {
  return Object.values(residueByNode(tasks, agents)).reduce((sum, one) => sum + one, 0);
}

export function residueOf({ metadata }: AgentLease): number {
  return Number(metadata.annotations?.[agentResidueAnnotation] ?? 0);
}

/** While a target is worked on, what is in its kernel is owned; after its end it is residue. */
function residueOfEnded({ status }: NodeTask): number {
  return status?.targets.every(({ phase }) => endPhases.includes(phase)) ? status.residue : 0;
}
