/** Whether a pod that is selected may be hurt. One that may not refuses the run: it is never left out, which would be another experiment. */
import { type BlastRadius, excludeLabel, includeLabel } from '../api/index.ts';
import { firstFew, formatDuration } from '../lib/index.ts';
import type { ActiveRun, Namespace, Node, Pod, World } from './world.ts';

/** What the place where runs are controlled says of targets; no experiment can lift it. */
export type TargetRules = {
  /** Namespaces of which no pod is hurt. @default none */
  protectedNamespaces?: readonly string[];
  /** Only pods that say so, or whose namespace says so, by a label are hurt. @default false */
  optIn?: boolean;
  /** The most that all runs together may hurt, whatever their experiments say. @default no limit */
  ceilings?: BlastRadius;
  /** More pods of a PodDisruptionBudget may be hurt than may be gone. @default false */
  ignoreDisruptionBudgets?: boolean;
};

/** What is asked of each target besides, and by whom. */
export type TargetLimit = Pick<BlastRadius, 'minAgeMs' | 'maxRunsPerTarget'> & { who: string };

export type ObjectionReason =
  'HostNetwork' | 'Terminating' | 'NodeNotReady' | 'OptedOut' | 'ProtectedNamespace' | 'NotOptedIn' | 'TooYoung' | 'AlreadyHurt';

/** Why a pod must not be hurt, and what can be done. */
export type Objection = { reason: ObjectionReason; message: string };

type Facts = TargetRules & { now: number; limits?: readonly TargetLimit[] };
type AgeLimit = { minAgeMs: number; who: string };
type Check = (
  pod: Pod,
  seen: { namespace?: Namespace; node?: Node; runs: readonly ActiveRun[] },
  facts: Facts,
) => Objection | undefined;

/** Of every pod that must not be hurt, all the reasons. Pure. */
export function objectionsTo(
  pods: readonly Pod[],
  world: Pick<World, 'nodes' | 'namespaces' | 'activeRuns'>,
  facts: Facts,
): { pod: Pod; objections: Objection[] }[] {
  const namespaces = new Map(world.namespaces.map((one) => [one.metadata.name, one]));
  const nodes = new Map(world.nodes.map((one) => [one.metadata.name, one]));
  const runsByPod = runsOfPods(world.activeRuns);
  return pods.flatMap((pod) => {
    const { namespace = '' } = pod.metadata;
    const seen = {
      namespace: namespaces.get(namespace),
      node: nodes.get(pod.spec.nodeName ?? ''),
      runs: runsByPod.get(pod.metadata.uid ?? '') ?? [],
    };
    const objections = checks.flatMap((check) => check(pod, seen, facts) ?? []);
    return objections.length === 0 ? [] : [{ pod, objections }];
  });
}

/** What a person is told of pods that must not be hurt; undefined where all may be. */
export function describeObjections(found: ReturnType<typeof objectionsTo>): string | undefined {
  if (found.length === 0) return undefined;
  const told = found.map(({ pod: { metadata }, objections }) => {
    const why = objections.map(({ reason, message }) => `${reason}: ${message}`).join('; ');
    return `${metadata.namespace ?? ''}/${metadata.name} is selected and must not be hurt: ${why}`;
  });
  return firstFew(told, '. ');
}

const checks: readonly Check[] = [
  ({ spec }) =>
    spec.hostNetwork === true
      ? objection(
          'HostNetwork',
          'spec.hostNetwork is true: a fault would hurt its whole node; select pods with a network of their own',
        )
      : undefined,
  ({ metadata: { deletionTimestamp } }) =>
    deletionTimestamp === undefined
      ? undefined
      : objection('Terminating', `it is being deleted since ${deletionTimestamp}; wait until it is gone`),
  ({ spec: { nodeName = '' } }, { node }) => {
    const ready = node?.status?.conditions?.find(({ type }) => type === 'Ready');
    if (ready === undefined || ready.status === 'True') return undefined;
    const found = `its node '${nodeName}' has the condition Ready ${ready.status}`;
    return objection(
      'NodeNotReady',
      `${found}; expected True: nobody there could undo the fault, wait or select pods of other nodes`,
    );
  },
  (pod, { namespace }) => {
    const by = isOptedOut(pod) ? 'its label' : isOptedOut(namespace) ? 'the label of its namespace' : undefined;
    if (by === undefined) return undefined;
    return objection('OptedOut', `${by} ${excludeLabel} says so; select other pods, or ask who set it to remove it`);
  },
  ({ metadata: { namespace = '' } }, _, { protectedNamespaces = [] }) =>
    protectedNamespaces.includes(namespace)
      ? objection(
          'ProtectedNamespace',
          `namespace '${namespace}' is protected here, which no experiment can lift; select pods elsewhere`,
        )
      : undefined,
  (pod, { namespace }, { optIn = false }) =>
    !optIn || isOptedIn(pod) || isOptedIn(namespace)
      ? undefined
      : objection(
          'NotOptedIn',
          `here only pods may be hurt that have the label ${includeLabel}: "true", or whose namespace has it; set it`,
        ),
  (_, { runs }, { limits = [] }) => {
    const broken = limits.find(({ maxRunsPerTarget = Infinity }) => runs.length + 1 > maxRunsPerTarget);
    if (broken === undefined) return undefined;
    const names = runs.map(({ namespace, name }) => `${namespace}/${name}`).join(', ');
    const expected = `with this one expected at most ${String(broken.maxRunsPerTarget)} by ${broken.who}.maxRunsPerTarget`;
    return objection('AlreadyHurt', `it is hurt by ${names}; ${expected}: wait until that is over, or select others`);
  },
  ({ metadata: { creationTimestamp } }, _, { now, limits = [] }) => {
    const oldest = limits.reduce<AgeLimit | undefined>(
      (most, { minAgeMs = 0, who }) => (minAgeMs > (most?.minAgeMs ?? 0) ? { minAgeMs, who } : most),
      undefined,
    );
    const age = now - Date.parse(creationTimestamp ?? '');
    if (oldest === undefined || age >= oldest.minAgeMs) return undefined;
    const found = Number.isNaN(age)
      ? 'when it was created is not known'
      : `it is ${formatDuration(Math.max(0, Math.floor(age / 1000)) * 1000)} old`;
    return objection(
      'TooYoung',
      `${found}; expected at least ${formatDuration(oldest.minAgeMs)} by ${oldest.who}.minAge: wait, or select others`,
    );
  },
];

function runsOfPods(activeRuns: readonly ActiveRun[]): Map<string, ActiveRun[]> {
  const runs = new Map<string, ActiveRun[]>();
  for (const run of activeRuns) for (const uid of run.podUids) runs.set(uid, [...(runs.get(uid) ?? []), run]);
  return runs;
}

function objection(reason: ObjectionReason, message: string): Objection {
  return { reason, message };
}

/** Whoever writes anything but "false" means to be left alone. */
function isOptedOut(object: Pod | Namespace | undefined): boolean {
  const value = object?.metadata.labels?.[excludeLabel];
  return value !== undefined && value !== 'false';
}

function isOptedIn(object: Pod | Namespace | undefined): boolean {
  return object?.metadata.labels?.[includeLabel] === 'true';
}
