import type { Place } from '../api/index.ts';
import { codeOf, messageOf } from '../lib/index.ts';
import { type PlannedRun, planRun, type RunRequest } from './plan-run.ts';
import type { Refusal } from './refuse-unsafe.ts';
import type { TargetRules } from './target-checks.ts';
import type { World } from './world.ts';

/** What the place where runs are controlled asks of them, besides what every run must fulfil. */
export type PlaceRules = TargetRules & {
  /** Faults of shorter leases are refused: whoever takes over could not renew them in time. @default 0 */
  shortestLeaseSeconds?: number;
  /**
   * What an experiment refers to may name pods of its own namespace only: where rights count, whoever wrote the experiment was asked
   * for theirs by what it says itself. @default false
   */
  confinesReferences?: boolean;
};

/** The plan, or why there is none. Pure. */
export function planOrRefuse(
  request: RunRequest,
  world: World,
  now: number,
  rules: PlaceRules = {},
): PlannedRun | Refusal | { kind: 'failed'; reason: string; message: string } {
  try {
    return tooShort(request, rules) ?? tooFar(request, rules) ?? planRun(request, world, now, rules);
  } catch (error) {
    return { kind: outcomeOf(error), reason: codeOf(error), message: messageOf(error) };
  }
}

/** A mistake of ours is not a refusal of theirs. */
export function outcomeOf(error: unknown): 'failed' | 'refused' {
  return codeOf(error) === 'Internal' ? 'failed' : 'refused';
}

function tooShort({ shaper }: RunRequest, { shortestLeaseSeconds = 0 }: PlaceRules): Refusal | undefined {
  const { leaseSeconds = Infinity } = shaper ?? {};
  if (leaseSeconds >= shortestLeaseSeconds) return undefined;
  const message = `the fault's lease is ${String(leaseSeconds)} s; expected at least ${String(shortestLeaseSeconds)} s, so that another operator can take over within it`;
  return { kind: 'refused', reason: 'LeaseTooShort', message };
}

function namedBy(what: string, places: readonly Place[]): { what: string; namespace: string }[] {
  return places.flatMap((place) => ('namespace' in place ? [{ what, namespace: place.namespace }] : []));
}

function tooFar(
  { namespace, experiment, shaper, entries }: RunRequest,
  { confinesReferences = false }: PlaceRules,
): Refusal | undefined {
  if (!confinesReferences) return undefined;
  const { fault } = experiment;
  const parts = fault !== undefined && 'ref' in fault ? (shaper?.parts ?? []) : [];
  const named = [
    ...parts.flatMap(({ targets }) => targets.map((target) => ({ what: 'targets', namespace: target.namespace }))),
    ...parts.flatMap(({ peers, except }) => [...namedBy('peers', peers), ...namedBy('exceptions', except)]),
    ...entries.flatMap(({ name, test, connectivity: { source } }) =>
      'ref' in test ? [{ what: `the source of hypothesis '${name}'`, namespace: source.namespace }] : [],
    ),
  ];
  const outside = named.find((one) => one.namespace !== namespace);
  if (outside === undefined) return undefined;
  const message = `what the experiment refers to has ${outside.what} in namespace ${outside.namespace}; expected only pods of ${namespace}: write it into the experiment itself, so that your own rights there are asked for`;
  return { kind: 'refused', reason: 'ReferenceLeavesNamespace', message };
}
