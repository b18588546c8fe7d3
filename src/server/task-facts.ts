/** What the status of a task tells to metrics. */
import type { NodeTask, TargetStatus } from '../api/index.ts';
import type { RenewalResult } from './metrics.ts';

export type RenewalCounts = Record<RenewalResult, number>;

export function activeTargets({ spec, status }: NodeTask): number {
  return spec.work === 'fault' ? (status?.targets.filter(({ phase }) => phase === 'Active').length ?? 0) : 0;
}

/** Each renewal once, though the agent counts a late one among the done ones as well. */
export function renewalsBetween(before: TargetStatus | undefined, after: TargetStatus): RenewalCounts {
  const grownBy = (result: RenewalResult): number => (after.renewals?.[result] ?? 0) - (before?.renewals?.[result] ?? 0);
  return { done: grownBy('done') - grownBy('late'), late: grownBy('late'), failed: grownBy('failed') };
}
