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

/** Why nothing may be begun, where that is a fault of something. */
const refusals: Partial<Record<EndReason, string>> = {
  LeaseExpired: 'the lease of its run is not fresh, so nothing may be applied',
  HaltUnknown: `NetworkHalts could not be read, so that nobody knows whether everything is halted; expected that this agent may get, list and watch networkhalts: update the chart's definitions and roles`,
};

/** Targets to which nothing was ever done. @param haltedBy who halted everything and why, where somebody did */
export function finishUntouched(
  context: AgentContext,
  targets: readonly FaultTarget[],
  reason: EndReason | undefined,
  haltedBy?: string,
): void {
  const refusal = reason && refusals[reason];
  const why = endReason(reason);
  const message = reason === 'Halted' ? haltedBy : refusal;
  for (const target of targets) {
    if (target.status.phase !== 'Pending') continue;
    move(context, target, refusal === undefined ? 'Clean' : 'Refused', {
      ...(why === undefined ? {} : { reason: why }),
      ...(message === undefined ? {} : { message }),
    });
  }
}

/** Ending by order is how things should go, and no reason to name. */
export function endReason(reason: EndReason | undefined): string | undefined {
  return reason === 'Ordered' ? undefined : reason;
}
