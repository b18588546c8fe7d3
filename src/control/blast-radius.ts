/**
 * How much a run hurts, against the limits of its experiment, which are of this run alone, and of the place where it runs, which are of all runs
 * together. Each holds by itself: none lifts another.
 */
import type { BlastRadius } from '../api/index.ts';
import { controllerOf, type Pod, unique } from './world.ts';

/** Limits, and whose they are. */
export type Limits = {
  limits: BlastRadius;
  /** Named before the limit, such as `blastRadius`. */
  from: string;
  /** What a person can do besides selecting less. */
  remedy: string;
  /** Pods that other runs hurt at the same time, which count as well. @default none */
  byOthers?: readonly Pod[];
};

type Excess = { field: keyof BlastRadius; found: string; expected: string };

/**
 * What is beyond a limit, for a person; undefined where nothing is. Pure.
 * @param hurt of all parts of the fault together, each once
 * @param running every running pod that there is: what percentages are of
 */
export function describeExcess(hurt: readonly Pod[], running: readonly Pod[], allLimits: readonly Limits[]): string | undefined {
  const all = allLimits.flatMap(({ limits, from, remedy, byOthers = [] }) =>
    excessesOf(hurt, unique([...hurt, ...byOthers]), running, limits).map(
      ({ field, found, expected }) => `${from}.${field}: ${found}; expected at most ${expected}: ${remedy}`,
    ),
  );
  return all.length === 0 ? undefined : all.join('. ');
}

/** @param together what is hurt by this run and by others that count as well */
function excessesOf(
  hurt: readonly Pod[],
  together: readonly Pod[],
  running: readonly Pod[],
  { maxTargets = Infinity, maxNodes = Infinity, ...percents }: BlastRadius,
): Excess[] {
  const [ownNodes, nodes] = [nodesOf(hurt), nodesOf(together)];
  return [
    ...(together.length > maxTargets
      ? [
          {
            field: 'maxTargets' as const,
            found: `${together.length} pods would be hurt${besides(together.length - hurt.length)}`,
            expected: String(maxTargets),
          },
        ]
      : []),
    ...(nodes > maxNodes
      ? [
          {
            field: 'maxNodes' as const,
            found: `pods on ${nodes} nodes would be hurt${besides(nodes - ownNodes)}`,
            expected: String(maxNodes),
          },
        ]
      : []),
    ...shareFields.flatMap(([field, groupOf]) =>
      shares(hurt, together, running, groupOf, percents[field] ?? 100).map((one) => ({ ...one, field })),
    ),
  ];
}

function nodesOf(pods: readonly Pod[]): number {
  return new Set(pods.map(({ spec }) => spec.nodeName)).size;
}

function besides(others: number): string {
  return others === 0 ? '' : `, ${others} of them by other runs`;
}

type Group = { key: string; name: string };

const shareFields = [
  ['maxPercentOfWorkload', workloadOf],
  ['maxPercentOfNamespace', namespaceOf],
  ['maxPercentOfCluster', clusterOf],
] as const;

/** A pod that is on its way out carries nothing any more: it is not among those of which a share may be hurt. */
function shares(
  hurt: readonly Pod[],
  together: readonly Pod[],
  running: readonly Pod[],
  groupOf: (pod: Pod) => Group,
  percent: number,
): Pick<Excess, 'found' | 'expected'>[] {
  if (percent >= 100) return [];
  const staying = running.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const available = countBy(staying, (pod) => groupOf(pod).key);
  const groups = new Map(hurt.map((pod) => [groupOf(pod).key, groupOf(pod).name]));
  const own = countBy(hurt, (pod) => groupOf(pod).key);
  const all = countBy(together, (pod) => groupOf(pod).key);
  // What this run does not touch is for others to answer for.
  return [...groups].flatMap(([key, name]) => {
    const [count, of] = [all.get(key) ?? 0, available.get(key) ?? 0];
    // Without a division, which would round.
    if (count * 100 <= percent * of) return [];
    const share = of === 0 ? '' : ` (${Math.round((count * 1000) / of) / 10} %)`;
    const others = besides(count - (own.get(key) ?? 0));
    return [{ found: `${count} of ${of} running pods${share} of ${name} would be hurt${others}`, expected: `${percent} %` }];
  });
}

/**
 * Pods with the same controller, by its uid: of a Deployment in the middle of a rollout each ReplicaSet by itself, which is never less
 * strict than all of them together. A pod that nobody would make anew is a workload of its own.
 */
function workloadOf(pod: Pod): Group {
  const { namespace = '', name, uid = '' } = pod.metadata;
  const controller = controllerOf(pod);
  return controller === undefined
    ? { key: `pod ${uid}`, name: `pod ${namespace}/${name}, which has no controller,` }
    : { key: controller.uid, name: `${controller.kind} ${namespace}/${controller.name}` };
}

function namespaceOf({ metadata: { namespace = '' } }: Pod): Group {
  return { key: namespace, name: `namespace ${namespace}` };
}

function clusterOf(): Group {
  return { key: '', name: 'the cluster' };
}

function countBy(pods: readonly Pod[], keyOf: (pod: Pod) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const pod of pods) counts.set(keyOf(pod), (counts.get(keyOf(pod)) ?? 0) + 1);
  return counts;
}
