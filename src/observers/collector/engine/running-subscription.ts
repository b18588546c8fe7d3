/** A subscription that runs: its flows, its thresholds and what runs may be aborted by. */
import { isDeepStrictEqual } from 'node:util';
import type { Phase } from '../../../api/index.ts';
import type { CurrentPacket } from '../../flows/current-packet.ts';
import type { Arming, Subscription, WatchedThreshold } from '../../network-observer.ts';
import type { LedgerAgent } from '../../sflow/account/agent-ledger.ts';
import { createTrafficLedger, type TrafficLedger } from '../../traffic/ledger.ts';
import { type ArmedThreshold, armThreshold } from './armed-threshold.ts';
import type { AwaitedAgent, AwaitedAgents } from './awaited-agents.ts';
import { type JudgedThreshold, ruleOf, startJudging } from './judged-threshold.ts';
import type { EngineLimits } from './limits.ts';
import { type RunningFlow, startFlow } from './running-flow.ts';

export type RunningThreshold = {
  threshold: WatchedThreshold;
  running: RunningFlow;
  /** Undefined where it is relative: then it is judged for runs only. */
  judged: JudgedThreshold | undefined;
};

export type RunTraffic = { run: string; targets: readonly string[]; phase: Phase; ledger: TrafficLedger };

export type RunningSubscription = {
  subscription: Subscription;
  flows: Map<string, RunningFlow>;
  /** Those, and the ones that armings have of their own. */
  runningFlows: readonly RunningFlow[];
  thresholds: Map<string, RunningThreshold>;
  armed: ArmedThreshold[];
  traffic: RunTraffic[];
  /** Agents of which samples belonged to one of the flows. */
  relied: Set<LedgerAgent>;
  /** Of those, the ones that are forgotten: until they are heard again, or the flows are edited. */
  awaited: AwaitedAgents;
};

export type StartOptions = {
  packet: CurrentPacket;
  limits: EngineLimits;
  nowMs: number;
};

/** @param before what ran under the same id: what did not change of it goes on */
export function startSubscription(
  subscription: Subscription,
  before: RunningSubscription | undefined,
  options: StartOptions,
): RunningSubscription {
  const flows = new Map(
    subscription.flows.map((flow) => {
      const running = before?.flows.get(flow.name);
      const isSame = running !== undefined && isDeepStrictEqual(running.flow, flow);
      return [flow.name, isSame ? running : startFlow(flow, options.packet, options.limits)];
    }),
  );
  const thresholds = new Map(
    subscription.thresholds.flatMap((threshold) => {
      const running = flows.get(threshold.flow);
      if (running === undefined) return [];
      const known = before?.thresholds.get(threshold.name);
      const isSame = known?.running === running && isDeepStrictEqual(known.threshold, threshold);
      return [[threshold.name, isSame ? known : startThreshold(threshold, running)]];
    }),
  );
  const armed = subscription.armings.flatMap((arming) => armedOf(arming, thresholds, before?.armed ?? [], options));
  const ownFlows = armed.flatMap(({ hasOwnFlow, running }) => (hasOwnFlow ? [running] : []));
  const isSameFlows = isDeepStrictEqual(before?.subscription.flows, subscription.flows);
  return {
    subscription,
    flows,
    runningFlows: [...flows.values(), ...ownFlows],
    thresholds,
    armed,
    traffic: subscription.armings.map((arming) => trafficOf(arming, before?.traffic ?? [], options.nowMs)),
    relied: before?.relied ?? new Set(),
    awaited: before !== undefined && isSameFlows ? before.awaited : new Map<string, AwaitedAgent>(),
  };
}

function startThreshold(threshold: WatchedThreshold, running: RunningFlow): RunningThreshold {
  if (threshold.timesBaseline !== undefined) return { threshold, running, judged: undefined };
  const rule = ruleOf(threshold, running.flow.smoothingMs, threshold.value);
  return { threshold, running, judged: startJudging(threshold, rule) };
}

function armedOf(
  arming: Arming,
  thresholds: ReadonlyMap<string, RunningThreshold>,
  before: readonly ArmedThreshold[],
  { packet, limits, nowMs }: StartOptions,
): ArmedThreshold[] {
  const { run, phase, targets } = arming;
  return [...new Set(arming.thresholds)].flatMap((name) => {
    const found = thresholds.get(name);
    if (found === undefined) return [];
    const { threshold, running, judged: byItself } = found;
    const known = before.find((armed) => armed.run === run && armed.threshold.name === name);
    if (known !== undefined && isSameArmed(known, threshold, running)) {
      known.running.exempt?.(targets);
      known.enter(phase, nowMs);
      return [known];
    }
    const hasOwnFlow = threshold.exemptTargets;
    const own = hasOwnFlow ? startFlow(running.flow, packet, limits, targets) : running;
    return [armThreshold({ run, threshold, running: own, hasOwnFlow, byItself, phase, nowMs })];
  });
}

const isSameArmed = (armed: ArmedThreshold, threshold: WatchedThreshold, running: RunningFlow): boolean =>
  isDeepStrictEqual(armed.threshold, threshold) &&
  (armed.hasOwnFlow ? isDeepStrictEqual(armed.running.flow, running.flow) : armed.running === running);

/** Targets that have changed are other traffic, which is summed up anew. */
function trafficOf({ run, targets, phase }: Arming, before: readonly RunTraffic[], nowMs: number): RunTraffic {
  const known = before.find((one) => one.run === run && isDeepStrictEqual(one.targets, targets));
  if (known?.phase === phase) return known;
  const ledger = known?.ledger ?? createTrafficLedger({ targets, startedAtMs: nowMs });
  ledger.enter(phase, nowMs);
  return { run, targets, phase, ledger };
}
