import type { PreflightCheck } from '../api/index.ts';
import { firstFew } from '../lib/index.ts';

export type CheckOf<Kind extends PreflightCheck['check']> = Extract<PreflightCheck, { check: Kind }>;

/** What one target shows of a check. A refusal and a warning begin with a reason, one word and a colon. */
export type TargetFinding = { podUid: string; refusal?: string; warning?: string };

/** Said once for all the targets of which it is true. */
export function tellTargets(findings: readonly TargetFinding[], what: 'refusal' | 'warning'): string | undefined {
  const told = findings.filter((one) => one[what] !== undefined);
  if (told.length === 0) return undefined;
  const reasons = Map.groupBy(told, (one) => String(one[what]));
  return firstFew(
    [...reasons].map(([reason, targets]) => `pod ${firstFew(targets.map(({ podUid }) => podUid))}: ${reason}`),
    ' | ',
  );
}

export const plural = (count: number, noun: string): string => `${String(count)} ${noun}${count === 1 ? '' : 's'}`;
