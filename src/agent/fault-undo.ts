import { backoff, messageOf } from '../lib/index.ts';
import type { AgentContext, EndReason } from './context.ts';
import { stopDoseProbe } from './dose-probe.ts';
import { closeTarget, isGone, loseTarget, readTarget, removeTarget } from './fault-target.ts';
import { type FaultTarget, move } from './target-state.ts';

const betweenTries = { first: 200, most: 10_000 };

/**
 * Undoes faults: all gates first, so that no packet is hurt any more, then everything else. Tries until nothing is left, or the
 * namespace is gone. How far applying came does not matter.
 * @param changed called when a status has changed
 */
export async function undoTargets(
  context: AgentContext,
  targets: readonly FaultTarget[],
  reason: EndReason | undefined,
  changed: () => void,
): Promise<void> {
  const closed = await Promise.all(
    targets.map((target) => closeTarget(context, target, target.status.reason ?? endReason(reason))),
  );
  changed();
  await Promise.all(targets.map((target, index) => removeUntilClean(context, target, closed[index] ?? false, changed)));
  changed();
}

async function removeUntilClean(context: AgentContext, target: FaultTarget, closed: boolean, changed: () => void): Promise<void> {
  // Which version acted last, and what the one before has counted, is known once the change is over.
  await target.changing;
  await stopDoseProbe(target);
  if (target.status.activeAt !== undefined && !(await isGone(context, target))) await lastReading(context, target);
  for (let attempt = 0; ; attempt += 1) {
    if (await removeTarget(context, target)) return;
    if ((await isGone(context, target)) && (await loseTarget(context, target))) return;
    changed();
    await context.clock.sleep(backoff(attempt, context.random(), betweenTries));
    if (!closed) closed = await closeTarget(context, target, undefined);
  }
}

/** The counters are still there when the gate is closed, and final. */
async function lastReading(context: AgentContext, target: FaultTarget): Promise<void> {
  try {
    await readTarget(context, target);
  } catch (error) {
    context.log('warn', 'last reading failed', { fault: target.work.id, error: messageOf(error) });
  }
}

/** Targets to which nothing was ever done. */
export function finishUntouched(context: AgentContext, targets: readonly FaultTarget[], reason: EndReason | undefined): void {
  for (const target of targets) {
    if (target.status.phase !== 'Pending') continue;
    if (reason === 'LeaseExpired') {
      move(context, target, 'Refused', { reason, message: 'the lease of its run is not fresh, so nothing may be applied' });
    } else {
      const why = endReason(reason);
      move(context, target, 'Clean', why === undefined ? {} : { reason: why });
    }
  }
}

/** Ending by order is how things should go, and no reason to name. */
export function endReason(reason: EndReason | undefined): string | undefined {
  return reason === 'Ordered' ? undefined : reason;
}
