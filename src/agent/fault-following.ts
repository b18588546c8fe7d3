/** Follows a fault's course on one target for as long as it is active. */
import { type Wake, isAborted } from './timing.ts';
import type { AgentContext } from './context.ts';
import { act, changeDue, type DueChange, type NextVersion, removeOthers, rest, seePeers, takePlace } from './fault-change.ts';
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

/** When a version could not be planned beside what is there, it is tried again after so long. */
const retryMs = 3000;

/**
 * Ends with the signal, or when the target is no longer active. Changes come one after the other; one that is late is not made up for. The next
 * version waits until the last has left; to rest and to act again waits for nobody.
 */
export async function followCourse(context: AgentContext, target: FaultTarget, following: Following): Promise<void> {
  const { clock } = context;
  const { wake, signal, giveUp } = following;
  let leaving: Promise<void> | undefined;
  let retryAt = -Infinity;
  const isBusy = () => leaving !== undefined || clock.monotonic() < retryAt;
  while (!isAborted(signal) && isActive(target)) {
    const { due, nextInMs = longestSleepMs } = changeDue(target, target.asked, clock.monotonic() - target.activeSince);
    if (due === undefined || (due.change === 'version' && isBusy())) {
      const waitMs =
        due === undefined ? nextInMs : Math.min(nextInMs, Math.max(retryAt - clock.monotonic(), leaving ? retryMs : 0));
      await wake.sleep(Math.max(1, waitMs), signal);
      continue;
    }
    try {
      if (!(await changed(context, target, due, following))) retryAt = clock.monotonic() + retryMs;
    } catch (error) {
      if (isActive(target)) await giveUp(error);
      return;
    }
    if (due.change !== 'version' || target.others.length === 0) continue;
    leaving = removeOthers(context, target)
      .catch(async (error: unknown) => {
        if (isActive(target)) await giveUp(error);
      })
      .finally(() => {
        leaving = undefined;
        wake.ring();
      });
  }
}

/** False for a version that could not be planned yet. */
async function changed(context: AgentContext, target: FaultTarget, due: DueChange, following: Following): Promise<boolean> {
  const { leftMs, signal } = following;
  // Pings take a second, and renewals and preparations of others need not wait for them.
  if (due.change === 'version') await seePeers(context, target, due.present, signal);
  const done = async () => {
    if (due.change === 'rest') await rest(context, target);
    else if (due.change === 'act') await act(context, target, leftMs);
    else return await context.targetLimit(async () => await exchanged(context, target, due, leftMs));
    return true;
  };
  const isDone = await done();
  following.changed();
  return isDone;
}

/** Between two versions neither tells the whole: nothing is read of the target meanwhile. */
async function exchanged(context: AgentContext, target: FaultTarget, due: NextVersion, leftMs: LeaseTime): Promise<boolean> {
  const exchange = takePlace(context, target, due, leftMs);
  target.changing = exchange.then(
    () => undefined,
    () => undefined,
  );
  try {
    return await exchange;
  } finally {
    target.changing = undefined;
  }
}

function isActive({ status }: FaultTarget): boolean {
  return status.phase === 'Active';
}
