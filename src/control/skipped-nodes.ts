/** Nodes that cannot do the fault, which an experiment may leave out (`onUnsupported: skip`). Pure. */
import type { CheckResult, PreflightCheck } from '../api/index.ts';
import type { SkippedNode } from '../experiment/index.ts';
import { firstFew } from '../lib/index.ts';
import type { ExpectedTasks } from './plan-run.ts';

/** How a check ended, and where. */
export type NodeCheck = CheckResult & { node: string };

/**
 * The nodes to leave out; undefined where leaving them out does not help: only checks of targets themselves have failed on one, a hypothesis is
 * measured from such a node, or none would be left.
 */
export function nodesToSkip({ probe, fault }: ExpectedTasks, failed: readonly NodeCheck[]): SkippedNode[] | undefined {
  const byNode = Map.groupBy(failed, ({ node }) => node);
  const isMeasuredFrom = probe.some(({ spec }) => byNode.has(spec.node));
  const isAnyLeft = fault.some(({ spec }) => !byNode.has(spec.node));
  // What a node cannot do fails on its targets as well.
  const areUnable = [...byNode.values()].every((checks) => checks.some(({ check }) => isOfNode(check)));
  if (!areUnable || isMeasuredFrom || !isAnyLeft) return undefined;
  return [...byNode].map(([node, checks]) => ({ node, message: describeFailures(checks) }));
}

/** What is wrong with one target is no matter of what its node can do. */
function isOfNode(check: PreflightCheck): boolean {
  return !('podUid' in check) && !('podUids' in check);
}

/** A condition of Kubernetes holds 32 KiB, and the report has all checks. */
const longestText = 1000;

export function describeFailures(failed: readonly NodeCheck[]): string {
  return firstFew(
    failed.map(({ node, check, expected, found, remedy }) =>
      cut(`${node}: ${check.check}: expected ${expected}, found ${found}; ${remedy}`),
    ),
    ' | ',
  );
}

/** Whom the run leaves out, and why; empty where it leaves out nobody. */
export function describeSkipped(skipped: readonly SkippedNode[]): string {
  return firstFew(
    skipped.map(({ message }) => cut(message)),
    ' | ',
  );
}

function cut(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText)}…`;
}

/** What is left to do. */
export function withoutSkipped(expected: ExpectedTasks, skipped: readonly SkippedNode[] = []): ExpectedTasks {
  const nodes = new Set(skipped.map(({ node }) => node));
  return { ...expected, fault: expected.fault.filter(({ spec }) => !nodes.has(spec.node)) };
}
