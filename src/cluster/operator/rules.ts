import { systemNamespace } from '../../api/index.ts';
import type { PlaceRules, TargetRules } from '../../control/index.ts';

/** The Lease of whoever leads. */
export const operatorLease = { namespace: systemNamespace, name: 'squall-operator' };

/** A fault's lease must outlast an election: one that fails, one that succeeds, and the first renewal after it. */
const leasesOfFault = 3;

/** Namespaces that keep a cluster going, and Squall's own. */
export const protectedByDefault = ['kube-system', 'kube-public', 'kube-node-lease', systemNamespace] as const;

/**
 * What runs must fulfil on a cluster whose leader has a Lease of so many seconds.
 * @param targets what the leader was told of them; @default the namespaces above are protected
 */
export function operatorRules(
  leaderLeaseSeconds: number,
  targets: TargetRules = { protectedNamespaces: protectedByDefault },
): PlaceRules {
  return { ...targets, shortestLeaseSeconds: leasesOfFault * leaderLeaseSeconds, confinesReferences: true };
}
