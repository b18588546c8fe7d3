/** One room for the flows of all definitions, which those that run share evenly: however many are subscribed, memory is the same. */
import { SquallError } from '../../../lib/index.ts';
import type { Subscription } from '../../network-observer.ts';
import { decisionsFor, type EngineLimits } from './limits.ts';
import type { RunningFlow } from './running-flow.ts';
import type { RunningSubscription } from './running-subscription.ts';

/** After so many time constants less than a twenty-thousandth of a value is left. */
const idleTimeConstants = 10;

export function shareRoom(subscriptions: readonly RunningSubscription[], limits: EngineLimits): void {
  const running = subscriptions.reduce((sum, { runningFlows }) => sum + runningFlows.length, 0);
  const mostFlows = Math.max(1, Math.floor(limits.flows / Math.max(1, running)));
  for (const subscription of subscriptions) {
    for (const one of subscription.runningFlows) {
      one.table.limit({ mostFlows, idleMs: idleMsOf(one, subscription) });
      one.intake.limit(decisionsFor(mostFlows));
    }
  }
}

/** @throws InvalidInput of a subscription with which there would be too many flows */
export function checkRunningFlows(running: readonly RunningSubscription[], added: Subscription, limits: EngineLimits): void {
  const others = running.filter(({ subscription: { id } }) => id !== added.id);
  const found = others.reduce((sum, { runningFlows }) => sum + runningFlows.length, runningFlowsOf(added));
  if (found <= limits.runningFlows) return;
  throw new SquallError(
    'InvalidInput',
    `subscription '${added.id}': found ${String(found)} flows with those of all others, and one for each threshold of a run that exempts its targets; expected at most ${String(limits.runningFlows)}; remove some first`,
  );
}

function runningFlowsOf({ flows, thresholds, armings }: Subscription): number {
  const exempting = new Set(thresholds.flatMap(({ name, exemptTargets }) => (exemptTargets ? [name] : [])));
  const own = armings.reduce(
    (sum, arming) => sum + [...new Set(arming.thresholds)].filter((name) => exempting.has(name)).length,
    0,
  );
  return flows.length + own;
}

/** Not before its thresholds are armed again: a flow that came back would be a new event. */
function idleMsOf({ flow }: RunningFlow, { thresholds }: RunningSubscription): number {
  const ofFlow = Array.from(thresholds.values(), ({ threshold }) => (threshold.flow === flow.name ? threshold.rearmMs : 0));
  return Math.max(idleTimeConstants * flow.smoothingMs, ...ofFlow);
}
