/**
 * Watches the network on sFlow: datagrams and instants come in, crossings of thresholds and views go out. Opens no socket and reads no clock. Whatever the
 * datagrams are, it throws nothing and holds no more than its limits say.
 */
import { SquallError } from '../../lib/index.ts';
import { createCurrentPacket } from '../flows/current-packet.ts';
import type { Aggregation } from '../flows/largest-flows.ts';
import { frameBytes } from '../flows/packet-key-fields.ts';
import type { AgentView, NetworkCrossing, Subscription, SubscriptionView } from '../network-observer.ts';
import { createAgentLedger, type LedgerAgent } from '../sflow/account/agent-ledger.ts';
import type { LedgerSource } from '../sflow/account/data-sources.ts';
import type { FlowSample } from '../sflow/decode/flow-sample.ts';
import type { Problem, ProblemReason } from '../sflow/decode/problems.ts';
import { createDatagramWalker } from '../sflow/decode/walk-datagram.ts';
import { awaitAgent } from './engine/awaited-agents.ts';
import { checkSubscription } from './engine/check-subscription.ts';
import { agentViews } from './engine/hearing.ts';
import { type EngineLimits, usualLimits } from './engine/limits.ts';
import type { RunningFlow } from './engine/running-flow.ts';
import { type RunningSubscription, startSubscription } from './engine/running-subscription.ts';
import { type Crossed, settleDatagram, settleQuiet } from './engine/settle-datagram.ts';
import { checkRunningFlows, shareRoom } from './engine/share-room.ts';
import { trafficSampleOf } from './engine/traffic-sample.ts';
import { undecidedWhileUntracked } from './engine/untracked.ts';
import { type ShownFlow, shown, viewOf } from './engine/views.ts';

export type EngineOptions = {
  /** Names the events of this engine for ever, with their numbers; milliseconds since 1970. */
  startedAt: number;
  /** @default usualLimits */
  limits?: Partial<EngineLimits>;
};

export type ActiveFlowsQuery = {
  id: string;
  flow: string;
  nowMs: number;
  most: number;
  least?: number;
  /** Its address. */
  agent?: string;
  /** @default max */
  mode?: Aggregation;
};

/** Since the engine was started, but for what it holds: agents, dataSources, flows, subscriptions. */
export type EngineCounters = {
  datagrams: number;
  /** Datagrams and samples of which not all could be decoded, by the first thing that was wrong. */
  problems: Partial<Record<ProblemReason, number>>;
  /** That had come before. */
  duplicateDatagrams: number;
  /** Of agents or data sources for which there is no room. */
  untrackedDatagrams: number;
  untrackedSamples: number;
  flowSamples: number;
  counterSamples: number;
  /** Discarded packets, which are no flow samples. */
  discardSamples: number;
  skippedSamples: number;
  /** Flow samples that were not used: of a sampling rate of 0 or over the limit, of a frame over the limit. */
  refusedRates: number;
  refusedLengths: number;
  evictedFlows: number;
  crossings: number;
  agents: number;
  dataSources: number;
  flows: number;
  subscriptions: number;
};

export type NetworkEngine = {
  /** @param nowMs of a clock that never goes back, milliseconds since 1970; that of all calls is the same */
  datagram: (bytes: Uint8Array, nowMs: number) => readonly NetworkCrossing[];
  /** To be called every second or so: time is weighed that passed since, and agents that are long gone are forgotten. */
  tick: (nowMs: number) => readonly NetworkCrossing[];
  /** @throws InvalidInput; then everything is as before */
  put: (subscription: Subscription, nowMs: number) => void;
  remove: (id: string) => void;
  view: (id: string, nowMs: number) => SubscriptionView | undefined;
  agents: (nowMs: number) => AgentView[];
  /** Empty where there is no such subscription or flow. */
  activeFlows: (query: ActiveFlowsQuery) => ShownFlow[];
  counters: (nowMs: number) => EngineCounters;
};

/** Quiet sources of an agent are weighed no more often: many of them could be forged. */
const quietEveryMs = 100;

export function createNetworkEngine({ startedAt, limits: given }: EngineOptions): NetworkEngine {
  const limits: EngineLimits = { ...usualLimits, ...given };
  const packet = createCurrentPacket();
  const ledgerLimits = {
    agents: limits.agents,
    sources: limits.dataSources,
    makeRoomAfterMs: limits.makeRoomAfterMs,
    forgetAfterMs: limits.forgetAgentAfterMs,
  };
  const ledger = createAgentLedger(ledgerLimits, (source) => {
    for (const one of subscriptions.values()) forgetSource(one, source.name);
  });
  const subscriptions = new Map<string, RunningSubscription>();
  let flows: RunningFlow[] = [];
  let traffic: RunningSubscription['traffic'] = [];
  let agent: LedgerAgent | undefined;
  let firstProblem: Problem | undefined;
  let [datagramMs, samplesOfDatagram] = [0, 0];
  let [eventId, evictedOfRemoved] = [0, 0];
  const counts = {
    datagrams: 0,
    flowSamples: 0,
    counterSamples: 0,
    discardSamples: 0,
    skippedSamples: 0,
    refusedRates: 0,
    refusedLengths: 0,
  };
  const problems: EngineCounters['problems'] = {};

  const crossed: Crossed = (event) => ({ ...event, eventId: eventId++, observerStartedAt: startedAt });

  const walk = createDatagramWalker({
    datagram: (header, view) => {
      agent = ledger.datagram(header, view, datagramMs);
      if (agent === undefined) return;
      const window = { fromMs: agent.previousDatagramMs, toMs: agent.lastDatagramMs, lostDatagrams: agent.missedBefore };
      for (const { table } of flows) table.begin(window);
    },
    flowSample: (sample, view) => {
      if (agent === undefined) return;
      samplesOfDatagram += 1;
      firstProblem ??= sample.problem;
      const source = ledger.packetSample(agent, sample, datagramMs);
      if (sample.kind === 'discard') counts.discardSamples += 1;
      else if (source !== undefined && isBelieved(sample)) takeSample(source, sample, view);
    },
    counterSample: (sample) => {
      counts.counterSamples += 1;
      samplesOfDatagram += 1;
      if (agent !== undefined) ledger.counterSample(agent, sample, datagramMs);
    },
    skippedSample: () => {
      counts.skippedSamples += 1;
    },
  });

  /** @returns the agent, unless there is none or no room for it */
  function read(bytes: Uint8Array, nowMs: number): LedgerAgent | undefined {
    [agent, firstProblem, datagramMs, samplesOfDatagram] = [undefined, undefined, nowMs, 0];
    const problem = walk(bytes) ?? problemInside();
    if (problem !== undefined) problems[problem.reason] = (problems[problem.reason] ?? 0) + 1;
    const found = currentAgent();
    if (found === undefined) return undefined;
    if (problem !== undefined) found.malformed += 1;
    found.recent.addSamples(nowMs, samplesOfDatagram);
    return found;
  }

  // The walker's visitor sets these, which the compiler does not see.
  const currentAgent = (): LedgerAgent | undefined => agent;
  const problemInside = (): Problem | undefined => firstProblem;

  function isBelieved(sample: FlowSample): boolean {
    counts.flowSamples += 1;
    if (sample.rate < 1 || sample.rate > limits.samplingRate) {
      counts.refusedRates += 1;
      return false;
    }
    if (frameBytes(sample) <= limits.frameLength) return true;
    counts.refusedLengths += 1;
    return false;
  }

  function takeSample(source: LedgerSource, sample: FlowSample, view: DataView): void {
    source.samplingRate = sample.rate;
    packet.look(sample, view);
    let isTaken = true;
    for (const { intake } of flows) if (!intake.take(source, sample.rate)) isTaken = false;
    if (!isTaken) counts.refusedLengths += 1;
    if (traffic.length === 0) return;
    const told = trafficSampleOf(packet, sample, source.name);
    for (const one of traffic) one.ledger.observe(told);
  }

  function settle(of: LedgerAgent, nowMs: number): NetworkCrossing[] {
    const crossings: NetworkCrossing[] = [];
    for (const one of subscriptions.values()) {
      if (one.awaited.size > 0) hearAgain(one, of);
      const found = settleDatagram(one, of, crossed);
      if (found.length > 0) crossings.push(...found);
    }
    if (nowMs - of.quietWeighedMs >= quietEveryMs) crossings.push(...weighQuiet(of));
    return crossings;
  }

  function weighQuiet(of: LedgerAgent): NetworkCrossing[] {
    const crossings = [...subscriptions.values()].flatMap((one) => settleQuiet(one, of, crossed));
    [of.quietWeighedMs, of.missedSinceWeighed] = [of.lastDatagramMs, 0];
    return crossings;
  }

  /** Its silence counts again from now on, before one of its samples belongs to a flow. */
  function hearAgain({ awaited, relied }: RunningSubscription, of: LedgerAgent): void {
    if (!awaited.delete(of.key)) return;
    relied.add(of);
    of.isRelied = true;
  }

  function forget(gone: LedgerAgent, nowMs: number): void {
    for (const one of subscriptions.values()) {
      if (one.relied.delete(gone)) awaitAgent(one.awaited, gone, nowMs);
      for (const { name } of gone.flowSources.values()) forgetSource(one, name);
    }
  }

  function forgetSource({ runningFlows, thresholds, armed }: RunningSubscription, name: string): void {
    for (const { table } of runningFlows) table.forgetSource(name);
    for (const { judged } of thresholds.values()) judged?.forgetSource(name);
    for (const one of armed) one.forgetSource(name);
  }

  /** Of what runs, for the path of each sample. */
  function listRunning(): void {
    flows = [...subscriptions.values()].flatMap((one) => one.runningFlows);
    traffic = [...subscriptions.values()].flatMap((one) => one.traffic);
    shareRoom([...subscriptions.values()], limits);
  }

  function replace(id: string, running: RunningSubscription | undefined): void {
    const before = flows;
    if (running === undefined) subscriptions.delete(id);
    else subscriptions.set(id, running);
    listRunning();
    for (const one of before) if (!flows.includes(one)) evictedOfRemoved += one.table.evictions();
  }

  return {
    datagram: (bytes, nowMs) => {
      counts.datagrams += 1;
      const of = read(bytes, nowMs);
      return of === undefined ? [] : settle(of, nowMs);
    },
    tick: (nowMs) => {
      const crossings: NetworkCrossing[] = [];
      for (const one of ledger.agents()) {
        if (one.quietWeighedMs < one.lastDatagramMs) crossings.push(...weighQuiet(one));
      }
      for (const gone of ledger.forget(nowMs)) forget(gone, nowMs);
      return crossings;
    },
    put: (subscription, nowMs) => {
      checkSubscription(subscription, limits);
      const before = subscriptions.get(subscription.id);
      if (before === undefined && subscriptions.size >= limits.subscriptions) {
        throw new SquallError(
          'InvalidInput',
          `subscription '${subscription.id}': expected at most ${String(limits.subscriptions)} of them; remove another first`,
        );
      }
      const options = { packet, limits, nowMs };
      checkRunningFlows([...subscriptions.values()], subscription, limits);
      replace(subscription.id, startSubscription(structuredClone(subscription), before, options));
    },
    remove: (id) => {
      replace(id, undefined);
    },
    view: (id, nowMs) => {
      const running = subscriptions.get(id);
      if (running === undefined) return undefined;
      const view = viewOf(running, [...ledger.agents()], nowMs, limits);
      return ledger.untrackedRecently(nowMs) ? undecidedWhileUntracked(view) : view;
    },
    agents: (nowMs) => agentViews(ledger.agents(), nowMs, { ...limits, agentsInView: limits.agents }),
    activeFlows: ({ id, flow, nowMs, most, least, agent: of, mode }) => {
      const running = subscriptions.get(id)?.flows.get(flow);
      if (running === undefined) return [];
      const isWanted = of === undefined ? undefined : (source: string) => source.startsWith(`${of} `);
      return running.table.activeFlows({ nowMs, most, least, isWanted, aggregation: mode }).map(shown);
    },
    counters: () => {
      const { agents, sources, duplicateDatagrams, untrackedDatagrams, untrackedSamples } = ledger.counts();
      return {
        ...counts,
        problems: { ...problems },
        duplicateDatagrams,
        untrackedDatagrams,
        untrackedSamples,
        evictedFlows: flows.reduce((sum, { table }) => sum + table.evictions(), evictedOfRemoved),
        crossings: eventId,
        agents,
        dataSources: sources,
        flows: flows.reduce((sum, { table }) => sum + table.size(), 0),
        subscriptions: subscriptions.size,
      };
    },
  };
}
