import { labelPrefix, systemNamespace } from '../../api/index.ts';
import { SquallError } from '../../lib/index.ts';
import type { Lease, PlaceRules, TargetRules } from '../../control/index.ts';

/** The Lease of whoever leads. */
export const operatorLease = { namespace: systemNamespace, name: 'squall-operator' };

/** A fault's lease must outlast an election: one that fails, one that succeeds, and the first renewal after it. */
const leasesOfFault = 3;

/** Namespaces that keep a cluster going, and Squall's own. */
export const protectedByDefault = ['kube-system', 'kube-public', 'kube-node-lease', systemNamespace] as const;

const byDefault: TargetRules = { protectedNamespaces: protectedByDefault };
/** On the Lease: what its holder was told of targets, for previews. */
const targetsAnnotation = `${labelPrefix}/targets`;

/**
 * What runs must fulfil on a cluster whose leader has a Lease of so many seconds.
 * @param targets what the leader was told of them; @default the namespaces above are protected
 */
export function operatorRules(leaderLeaseSeconds: number, targets: TargetRules = byDefault): PlaceRules {
  return { ...targets, shortestLeaseSeconds: leasesOfFault * leaderLeaseSeconds, confinesReferences: true };
}

export function tellTargets(targets: TargetRules = byDefault): Record<string, string> {
  return { [targetsAnnotation]: JSON.stringify(targets) };
}

/** The same of whoever leads, by its Lease; a leader of an earlier version tells nothing, and asks nothing of targets. */
export function operatorRulesOf(lease: Lease | undefined): PlaceRules {
  const { metadata, spec } = lease ?? {};
  const told = metadata?.annotations?.[targetsAnnotation];
  const targets = lease === undefined ? undefined : told === undefined ? {} : readTargets(told);
  return operatorRules(spec?.leaseDurationSeconds ?? 0, targets);
}

/** @throws SquallError InvalidInput: only the operator writes it, so somebody else did */
function readTargets(told: string): TargetRules {
  try {
    return JSON.parse(told) as TargetRules;
  } catch (error) {
    const message = `the annotation ${targetsAnnotation} of the Lease ${operatorLease.name}: expected JSON, found '${told}'; the leader writes it anew`;
    throw new SquallError('InvalidInput', message, { cause: error });
  }
}
