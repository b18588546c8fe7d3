/**
 * Whether connection tracking has room. Under a fault connections stay half open and are tried again: where the table is full, the kernel
 * drops packets of new ones (nf_conntrack: table full), which nobody asked for.
 */
import type { CheckResult } from '../api/index.ts';
import { type CheckOf, type TargetFinding, tellTargets } from './check-of.ts';

export type ConnectionCount = { count?: number; most?: number };
/** `node`: of the node's own namespace, which tracks the connections of its pods; absent where it may not be looked at. */
export type ConntrackFacts = { node?: ConnectionCount; targets: ({ podUid: string } & ConnectionCount)[] };

const nearlyFull = 0.8;

export function judgeConntrack(check: CheckOf<'conntrack'>, { node = {}, targets }: ConntrackFacts): CheckResult {
  const expected = `tables of connections are less than ${String(nearlyFull * 100)} % full`;
  const findings = targets.map(({ podUid, ...table }): TargetFinding => {
    const warning = warningOf(table);
    return warning === undefined ? { podUid } : { podUid, warning };
  });
  const warnings = [ofNode(warningOf(node)), tellTargets(findings, 'warning')].filter((one) => one !== undefined);
  const found = isKnown(node) ? `the node has ${words(node)}` : 'the node tracks none, or does not let it be seen';
  const warning = warnings.length === 0 ? {} : { warning: warnings.join(' | ') };
  return { check, ok: true, expected, found, remedy: '', ...warning };
}

const ofNode = (warning: string | undefined): string | undefined => (warning === undefined ? undefined : `node: ${warning}`);

const isKnown = (table: ConnectionCount): table is Required<ConnectionCount> =>
  table.count !== undefined && table.most !== undefined && table.most > 0;

const words = ({ count, most }: Required<ConnectionCount>): string => `${String(count)} of ${String(most)} connections`;

function warningOf(table: ConnectionCount): string | undefined {
  if (!isKnown(table) || table.count < nearlyFull * table.most) return undefined;
  return `ConntrackNearlyFull: ${words(table)} are tracked; under a fault there will be more, and packets of new ones are dropped once it is full: raise net.netfilter.nf_conntrack_max`;
}
