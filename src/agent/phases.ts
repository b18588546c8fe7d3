import type { NodeTaskStatus, TargetPhase, TargetStatus } from '../api/index.ts';
import { SquallError } from '../lib/index.ts';

/** Clean, Lost and Refused are ends: of one rank, so that none follows another. */
const rank: Record<TargetPhase, number> = { Pending: 0, Applying: 1, Active: 2, Undoing: 3, Clean: 4, Lost: 4, Refused: 4 };

export function isOver(status: { phase: TargetPhase }): boolean {
  return rank[status.phase] === rank.Clean;
}

/** Whether something of ours may be in the target's kernel. */
export function mayBeApplied(status: { phase: TargetPhase }): boolean {
  return !isOver(status) && status.phase !== 'Pending';
}

/**
 * The status in a later phase, with facts added. Phases only move forward; a step back or out of an end throws Internal.
 * @param at RFC 3339
 */
export function advance(
  status: TargetStatus,
  phase: TargetPhase,
  at: string,
  facts: Partial<Omit<TargetStatus, 'podUid' | 'phase' | 'since'>> = {},
): TargetStatus {
  if (phase === status.phase) return { ...status, ...facts };
  if (rank[phase] <= rank[status.phase]) {
    throw new SquallError('Internal', `target ${status.podUid} cannot go from ${status.phase} back to ${phase}`);
  }
  return { ...status, ...facts, phase, since: at };
}

/**
 * What a task's targets are called after its agent started anew, given that the sweep comes first; undefined when the task was not
 * begun and may still run. A task that was begun is never begun again: nobody knows what its targets met meanwhile.
 */
export function afterRestart(status: NodeTaskStatus | undefined, at: string): TargetStatus[] | undefined {
  if (status === undefined || status.targets.every(({ phase }) => phase === 'Pending')) return undefined;
  return status.targets.map((target) => {
    if (isOver(target)) return target;
    const undone = mayBeApplied(target) ? { cleanAt: target.cleanAt ?? at, undoneAt: at } : {};
    return advance(target, 'Clean', at, { reason: 'AgentRestarted', ...undone });
  });
}
