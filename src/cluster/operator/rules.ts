import { systemNamespace } from '../../api/index.ts';
import type { PlaceRules } from '../../control/index.ts';

/** The Lease of whoever leads. */
export const operatorLease = { namespace: systemNamespace, name: 'squall-operator' };

/** A fault's lease must outlast an election: one that fails, one that succeeds, and the first renewal after it. */
const leasesOfFault = 3;

/** What runs must fulfil on a cluster whose leader has a Lease of so many seconds. */
export function operatorRules(leaderLeaseSeconds: number): PlaceRules {
  return { shortestLeaseSeconds: leasesOfFault * leaderLeaseSeconds, confinesReferences: true };
}
