/** What is shown of a subscription. Bounded by what was subscribed. */
import { detectionPower, type DetectionPower } from '../../detect/power.ts';
import type { ActiveFlow } from '../../flows/largest-flows.ts';
import type { ArmingView, FlowView, SubscriptionView, ThresholdView, WatchedThreshold } from '../../network-observer.ts';
import type { LedgerAgent } from '../../sflow/account/agent-ledger.ts';
import type { ArmedThreshold } from './armed-threshold.ts';
import { type AwaitedAgents, describeAwaited } from './awaited-agents.ts';
import { agentViews, type Heard, hearingOf } from './hearing.ts';
import type { EngineLimits } from './limits.ts';
import { packetValueOf, type RunningFlow } from './running-flow.ts';
import type { RunningSubscription, RunningThreshold } from './running-subscription.ts';
import { partsOfSource } from './settle-datagram.ts';
import { armedState, thresholdState } from './signal-state.ts';

export type ShownFlow = { key: string; value: number; agent: string; dataSource: string };

type Viewing = {
  heard: Heard;
  awaited: AwaitedAgents;
  nowMs: number;
  largestOf: (running: RunningFlow) => ActiveFlow[];
};

export function viewOf(
  running: RunningSubscription,
  agents: readonly LedgerAgent[],
  nowMs: number,
  limits: EngineLimits,
): SubscriptionView {
  const { flows, thresholds, armed, traffic, relied, awaited } = running;
  const found = new Map<RunningFlow, ActiveFlow[]>();
  const largestOf = (of: RunningFlow): ActiveFlow[] => {
    const largest = found.get(of) ?? of.table.activeFlows({ nowMs, most: Math.max(1, of.flow.top) });
    found.set(of, largest);
    return largest;
  };
  const viewing = { heard: hearingOf(agents, relied, nowMs), awaited, nowMs, largestOf };
  const armings = armed.map((one) => armingView(one, viewing));
  return {
    at: nowMs,
    agents: agentViews(agents, nowMs, limits),
    flows: Array.from(flows.values(), (flow) => flowView(flow, largestOf(flow))),
    thresholds: Array.from(thresholds.values(), (threshold) => thresholdView(threshold, armings, viewing)),
    armings,
    traffic: traffic.map(({ run, ledger }) => ({ run, traffic: ledger.view(nowMs) })),
  };
}

export function shown({ flow, source, value }: ActiveFlow): ShownFlow {
  const { agent, dataSource } = partsOfSource(source);
  return { key: flow, value, agent, dataSource };
}

function flowView({ flow, table }: RunningFlow, largest: readonly ActiveFlow[]): FlowView {
  return { name: flow.name, top: largest.slice(0, flow.top).map(shown), size: table.size() };
}

function thresholdView(of: RunningThreshold, armings: readonly ArmingView[], viewing: Viewing): ThresholdView {
  const { threshold, running, judged } = of;
  const { name, value: limit } = threshold;
  const common = { name, limit, ...valueOf(of, viewing), lastCrossing: judged?.lastCrossing };
  if (judged === undefined) return { ...common, ...relativeState(name, armings) };
  const power = powerOf(limit, running, viewing.heard, judged.heaviestAt(viewing.nowMs));
  const isFiring = judged.isFiring(viewing.nowMs);
  return { ...common, ...thresholdState({ ...factsOf(threshold, running, viewing), power, isFiring }), power };
}

const onlyArmed = 'relative to a baseline: it is judged while a run is armed with it';

/** Of itself a threshold that is relative says nothing; while runs are armed with it, what the first that is not quiet says. */
function relativeState(name: string, armings: readonly ArmingView[]): Pick<ThresholdView, 'state' | 'message'> {
  const armed = armings.filter(({ threshold }) => threshold === name);
  const first = armed.find(({ state }) => state !== 'quiet') ?? armed[0];
  if (first === undefined) return { state: 'waiting', message: onlyArmed };
  return { state: first.state === 'learning' ? 'waiting' : first.state, message: first.message };
}

/** Above, of the largest flow; below, of the source that carries least of those that have carried any. */
function valueOf({ threshold, running }: RunningThreshold, { nowMs, largestOf }: Viewing): { value: number; flow?: string } {
  if (threshold.condition === 'above') {
    const [largest] = largestOf(running);
    return largest === undefined ? { value: 0 } : { value: largest.value, flow: largest.flow };
  }
  const totals = running.table.totals(nowMs).map(({ value }) => value);
  return { value: totals.length === 0 ? 0 : totals.reduce((one, other) => Math.min(one, other)) };
}

function armingView(armed: ArmedThreshold, viewing: Viewing): ArmingView {
  const { run, threshold, running, crossing } = armed;
  const { heard, awaited, nowMs } = viewing;
  const found = armed.limitAt(nowMs);
  const limit = found.kind === 'absolute' || found.kind === 'relative' ? found.limit : undefined;
  const power = limit === undefined ? undefined : powerOf(limit, running, heard, armed.heaviestAt(nowMs));
  const facts = {
    ...factsOf(threshold, running, viewing),
    power,
    isFiring: armed.isFiring(nowMs),
    hasCrossed: crossing !== undefined,
    gone: describeAwaited(awaited, nowMs, armed.armedMs),
    limit: found,
  };
  return {
    run,
    threshold: threshold.name,
    ...armedState(facts),
    limit,
    baseline: found.kind === 'relative' ? baselineView(found.baseline) : undefined,
    crossing,
  };
}

const baselineView = ({ rate, low, high }: { rate: number; low: number; high: number }) => ({ rate, low, high });

function factsOf({ condition }: WatchedThreshold, { flow, table }: RunningFlow, { heard, awaited, nowMs }: Viewing) {
  const hasMatched = table.largestValue() > 0;
  return {
    hearing: heard,
    awaited: describeAwaited(awaited, nowMs),
    unmatched: hasMatched ? '' : `no sampled packet has belonged to flow '${flow.name}' yet; look at its keys and its filter`,
    condition,
  };
}

/** @param heaviest what the detector has seen a sample weigh of late: it decides no sooner than if all weighed as much */
function powerOf(
  threshold: number,
  running: RunningFlow,
  { samplingRate: ofAgents }: Heard,
  heaviest: number,
): DetectionPower | undefined {
  if (ofAgents === undefined) return undefined;
  const { smoothingMs } = running.flow;
  const packetValue = packetValueOf(running);
  const samplingRate = Math.max(ofAgents, Math.ceil(heaviest / packetValue));
  return detectionPower({ threshold, smoothingMs, samplingRate, packetValue });
}
