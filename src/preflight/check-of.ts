import type { PreflightCheck } from '../api/index.ts';

export type CheckOf<Kind extends PreflightCheck['check']> = Extract<PreflightCheck, { check: Kind }>;

/** Of many a few are enough to tell. */
const mostTold = 5;

export function firstOf(texts: readonly string[], between = ', '): string {
  const untold = texts.length - mostTold;
  return [...texts.slice(0, mostTold), ...(untold > 0 ? [`and ${String(untold)} more`] : [])].join(between);
}

/** What one target shows of a check. A refusal and a warning begin with a reason, one word and a colon. */
export type TargetFinding = { podUid: string; refusal?: string; warning?: string };

/** Said once for all the targets of which it is true. */
export function tellTargets(findings: readonly TargetFinding[], what: 'refusal' | 'warning'): string | undefined {
  const told = findings.filter((one) => one[what] !== undefined);
  if (told.length === 0) return undefined;
  const reasons = Map.groupBy(told, (one) => String(one[what]));
  return firstOf(
    [...reasons].map(([reason, targets]) => `pod ${firstOf(targets.map(({ podUid }) => podUid))}: ${reason}`),
    ' | ',
  );
}

export const plural = (count: number, noun: string): string => `${String(count)} ${noun}${count === 1 ? '' : 's'}`;
