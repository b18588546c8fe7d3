/** Follows a fault's course on one target for as long as it is active. */
import { type Wake, isAborted } from './timing.ts';
import type { AgentContext } from './context.ts';
import { change, changeDue, removeOthers } from './fault-change.ts';
import type { LeaseTime } from './kernel-driver.ts';
import type { FaultTarget } from './target-state.ts';

export type Following = {
  leftMs: LeaseTime;
  /** Rings when what was asked for has changed. */
  wake: Wake;
  signal: AbortSignal;
  /** Called after each change: what is held has another time to be renewed at. */
  changed: () => void;
  /** When a change fails nobody knows what acts: the target is undone. */
  giveUp: (error: unknown) => Promise<void>;
};

/** Of a fault without a course and whose peers stay: looked at again by the bell alone. */
const longestSleepMs = 3_600_000;

/** Ends with the signal, or when the target is no longer active. Changes come one after the other; one that is late is not made up for. */
export async function followCourse(context: AgentContext, target: FaultTarget, following: Following): Promise<void> {
  const { clock } = context;
  const { leftMs, wake, signal, changed, giveUp } = following;
  while (!isAborted(signal) && isActive(target)) {
    const { due, nextInMs = longestSleepMs } = changeDue(target, target.asked, clock.monotonic() - target.activeSince);
    if (due === undefined) {
      await wake.sleep(Math.max(1, nextInMs), signal);
      continue;
    }
    try {
      target.changing = context.targetLimit(() => change(context, target, due, leftMs));
      await target.changing;
      target.changing = undefined;
      changed();
      await removeOthers(context, target);
    } catch (error) {
      target.changing = undefined;
      if (isActive(target)) await giveUp(error);
      return;
    }
  }
}

function isActive({ status }: FaultTarget): boolean {
  return status.phase === 'Active';
}
