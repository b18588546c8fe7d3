/**
 * How much of a workload may be gone by the word of its owner. A fault evicts nobody, so that no API server asks the budget: Squall does.
 * The rules are those of Kubernetes' disruption controller.
 */
import { selectorMatches } from '../api/index.ts';
import { firstFew } from '../lib/index.ts';
import type { DisruptionBudget, Pod } from './world.ts';

/** How many more pods of a budget may be gone now, and whose word that is. */
export type Allowance = { disruptions: number; by: string };

/**
 * Of every budget of which more ready pods would be hurt than may be gone now, what is wrong; undefined where none is. A pod that is not
 * ready is counted as gone by its budget already. Pure.
 * @param hurt of all parts of the fault together
 * @param byOthers what other runs hurt meanwhile: those are ready in the eyes of their budget, since a node still reaches them
 * @param pods every pod that there is
 */
export function describeBrokenBudgets(
  budgets: readonly DisruptionBudget[],
  hurt: readonly Pod[],
  byOthers: readonly Pod[],
  pods: readonly Pod[],
): string | undefined {
  const broken = budgets.flatMap((budget) => {
    const own = hurt.filter((pod) => isCovered(budget, pod) && isReady(pod));
    if (own.length === 0) return [];
    const uids = new Set(own.map(({ metadata }) => metadata.uid));
    const besides = byOthers.filter((pod) => isCovered(budget, pod) && isReady(pod) && !uids.has(pod.metadata.uid));
    const count = own.length + besides.length;
    const { disruptions, by } = allowanceOf(budget, pods);
    if (count <= disruptions) return [];
    const others = besides.length === 0 ? '' : `, ${besides.length} of them by other runs`;
    const { namespace = '', name } = budget.metadata;
    const found = `PodDisruptionBudget ${namespace}/${name}: ${count} of its ready pods would be hurt${others}`;
    return [`${found}; expected at most ${disruptions} by ${by}`];
  });
  if (broken.length === 0) return undefined;
  const remedy = 'select fewer, or wait until more of its pods are ready; no experiment can lift it';
  return `${firstFew(broken, '. ')}: ${remedy}`;
}

/** As the budget's status says, where that is of its present spec; else computed from the spec and the pods that there are. Pure. */
export function allowanceOf(budget: DisruptionBudget, pods: readonly Pod[]): Allowance {
  const { metadata, spec, status } = budget;
  const { minAvailable, maxUnavailable } = spec;
  const limit =
    minAvailable !== undefined
      ? `minAvailable ${String(minAvailable)}`
      : `maxUnavailable ${String(maxUnavailable ?? 'is not given')}`;
  const isPresent = (status?.observedGeneration ?? metadata.generation) === metadata.generation;
  if (status?.disruptionsAllowed !== undefined && isPresent) {
    return { disruptions: status.disruptionsAllowed, by: `its status.disruptionsAllowed (${limit})` };
  }
  const expected = pods.filter((pod) => isCovered(budget, pod) && isExpected(pod));
  const ready = expected.filter((pod) => pod.status?.phase === 'Running' && isReady(pod)).length;
  const desired =
    minAvailable !== undefined
      ? scaled(minAvailable, expected.length)
      : maxUnavailable !== undefined
        ? expected.length - scaled(maxUnavailable, expected.length)
        : 0;
  return {
    disruptions: Math.max(0, ready - Math.max(0, desired)),
    by: `its ${limit} (${ready} of ${expected.length} pods are ready)`,
  };
}

/** In policy/v1 an empty selector is every pod of the namespace, and none at all is no pod. */
function isCovered({ metadata, spec: { selector } }: DisruptionBudget, pod: Pod): boolean {
  if (selector === undefined || metadata.namespace !== pod.metadata.namespace) return false;
  const isEmpty = Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0;
  return isEmpty || selectorMatches(selector, pod.metadata.labels);
}

/** One that says nothing of it counts, which is never less strict. */
function isReady({ status, metadata }: Pod): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return metadata.deletionTimestamp === undefined && (ready === undefined || ready.status === 'True');
}

function isExpected({ status, metadata }: Pod): boolean {
  return metadata.deletionTimestamp === undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}

/** A share is rounded up, of what must be available and of what may be gone alike. */
function scaled(value: number | string, of: number): number {
  if (typeof value === 'number') return value;
  return value.endsWith('%') ? Math.ceil((Number(value.slice(0, -1)) * of) / 100) : Number(value);
}
