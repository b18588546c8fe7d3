import {
  apiVersion,
  type NodeTask,
  nodeLabel,
  type NodeTaskSpec,
  type NodeTaskTarget,
  runUidLabel,
  type Shaper,
  shortNodeName,
  systemNamespace,
  workLabel,
} from '../api/index.ts';
import { addressesOfPod, type Pod } from './world.ts';

/** A NodeTask as it is going to be written; its order and its end may differ by then. */
export type TaskPlan = { name: string; spec: NodeTaskSpec };

/** One configuration of the shaper and the pods that it is going to hurt. */
export type SelectedPart = { part: Shaper['parts'][number]; pods: Pod[] };

/** What all tasks of a run share. */
export type TaskBase = Pick<NodeTaskSpec, 'run' | 'instance' | 'generation' | 'order' | 'lease' | 'notAfter'>;

export function taskObject({ name, spec }: TaskPlan): NodeTask {
  const labels = { [nodeLabel]: shortNodeName(spec.node), [runUidLabel]: spec.run.uid, [workLabel]: spec.work };
  return { apiVersion, kind: 'NodeTask', metadata: { name, namespace: systemNamespace, labels }, spec };
}

/** Deterministic: what is written twice collides instead of being there twice. */
export function taskName(runUid: string, work: string, node: string): string {
  return `${runUid}-${work}-${shortNodeName(node)}`.toLowerCase();
}

export function leaseName(runUid: string): string {
  return `run-${runUid}`;
}

/** At most 32 characters: it names a set in the kernel. */
export function faultId(runUid: string, part: number): string {
  return `f${runUid.replaceAll('-', '').slice(0, 24)}p${part}`;
}

export function taskTarget(pod: Pod): NodeTaskTarget {
  const { uid = '', namespace = '', name } = pod.metadata;
  return { podUid: uid, namespace, name, ips: addressesOfPod(pod) };
}

export function byNode(pods: readonly Pod[]): [node: string, pods: Pod[]][] {
  return [...Map.groupBy(pods, ({ spec }) => spec.nodeName ?? '')];
}
