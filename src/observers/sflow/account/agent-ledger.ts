/**
 * The account of each agent as a collector keeps it: changed in place, since copies for each datagram would cost more than decoding, and bounded over all
 * agents. It counts as `accountDatagram` does.
 */
import { createAddressTexts } from '../../flows/address-texts.ts';
import { createRecency } from '../../flows/recency.ts';
import type { DatagramHeader } from '../decode/walk-datagram.ts';
import type { CounterSample } from '../decode/counter-sample.ts';
import type { FlowSample } from '../decode/flow-sample.ts';
import { usualPollingMs } from '../../detect/signal.ts';
import { rememberStep, stepOfDatagram } from './datagram-step.ts';
import { createLateRecord, type LateRecord } from './late-record.ts';
import { createDataSources, type LedgerSource, type SourcesOfAgent } from './data-sources.ts';
import { addReadings, pollingOf } from './polling.ts';
import { beforeFirstDatagram } from './first-datagram.ts';
import type { SeenDatagrams } from './seen-datagrams.ts';
import { distance, mostLate, stepOf } from './sequence.ts';

export type LedgerAgent = SourcesOfAgent & {
  agent: string;
  subAgent: number;
  /** Each once. */
  datagrams: number;
  lost: number;
  late: number;
  /** Had come before, and are left out of everything else. */
  duplicates: number;
  restarts: number;
  malformed: number;
  samples: number;
  sampleDrops: number;
  samplesMissed: number;
  sequence: number;
  seen: SeenDatagrams;
  uptimeMs: number;
  sinceMs: number;
  lastDatagramMs: number;
  /** Of the datagram that came last: when the one before came, and how many between them are missing. A restart counts as one, as nobody knows. */
  previousDatagramMs: number;
  missedBefore: number;
  pollingMs: number;
  recent: LateRecord;
  /** Up to when its quiet sources were weighed, by whoever does. */
  quietWeighedMs: number;
  missedSinceWeighed: number;
  /** Somebody rests on what it says: it is not forgotten to make room. */
  isRelied: boolean;
  older: LedgerAgent | undefined;
  newer: LedgerAgent | undefined;
};

export type LedgerLimits = {
  agents: number;
  /** Data sources of all agents together, those of counters included. */
  sources: number;
  /** An agent or data source that was silent for longer makes room for a new one, where there is none. */
  makeRoomAfterMs: number;
  /** An agent that was silent for longer, and for longer than four of its polling intervals, is no agent any more. */
  forgetAfterMs: number;
};

export type AgentLedger = {
  /** @returns undefined where there is no room, or where it has come before: both are counted */
  datagram: (header: DatagramHeader, view: DataView, nowMs: number) => LedgerAgent | undefined;
  /** @returns undefined where there is no room for its data source, which is counted */
  packetSample: (agent: LedgerAgent, sample: FlowSample, nowMs: number) => LedgerSource | undefined;
  counterSample: (agent: LedgerAgent, sample: CounterSample, nowMs: number) => void;
  /** @returns those that are no agents any more; to be told of, with those that made room */
  forget: (nowMs: number) => LedgerAgent[];
  agents: () => Iterable<LedgerAgent>;
  /** Something was left out of late for want of room: what is known of the network is not all. */
  untrackedRecently: (nowMs: number) => boolean;
  counts: () => LedgerCounts;
};

export type LedgerCounts = {
  agents: number;
  sources: number;
  duplicateDatagrams: number;
  untrackedDatagrams: number;
  untrackedSamples: number;
};

/** Twice as long as counters usually take to come again. */
const recentlyMs = 60_000;

/** @param sourceLeft is told of each source of flow samples that made room for another; of those that leave with their agent `forget` tells */
export function createAgentLedger(
  limits: LedgerLimits,
  sourceLeft: (source: LedgerSource) => void = () => undefined,
): AgentLedger {
  /** By address, then by sub-agent: no text is made for a datagram of a known one. */
  const byAddress = new Map<string, Map<number, LedgerAgent>>();
  const texts = createAddressTexts();
  const recency = createRecency<LedgerAgent>();
  const sources = createDataSources(limits, sourceLeft);
  let leaving: LedgerAgent[] = [];
  let [agents, duplicateDatagrams, untrackedDatagrams, untrackedSamples] = [0, 0, 0, 0];
  let untrackedMs: number | undefined;

  function agentOf(header: DatagramHeader, view: DataView, nowMs: number): LedgerAgent | undefined {
    const address = texts.ofAgent(view, header.agentType, header.agentOffset) ?? 'unknown';
    const known = byAddress.get(address)?.get(header.subAgent);
    if (known !== undefined) return known;
    if (agents >= limits.agents) makeRoom(nowMs);
    if (agents >= limits.agents) return undefined;
    const agent = newAgent(address, header, nowMs);
    const ofAddress = byAddress.get(address) ?? new Map<number, LedgerAgent>();
    byAddress.set(address, ofAddress.set(header.subAgent, agent));
    agents += 1;
    return agent;
  }

  function makeRoom(nowMs: number): void {
    const oldest = recency.oldest();
    if (oldest !== undefined && !oldest.isRelied && nowMs - oldest.lastDatagramMs > limits.makeRoomAfterMs) drop(oldest);
  }

  function drop(agent: LedgerAgent): void {
    const ofAddress = byAddress.get(agent.agent);
    ofAddress?.delete(agent.subAgent);
    if (ofAddress?.size === 0) byAddress.delete(agent.agent);
    recency.remove(agent);
    agents -= 1;
    sources.dropAll(agent);
    leaving.push(agent);
  }

  return {
    datagram: (header, view, nowMs) => {
      const agent = agentOf(header, view, nowMs);
      if (agent === undefined) {
        untrackedDatagrams += 1;
        untrackedMs = nowMs;
        return undefined;
      }
      if (!addHeader(agent, header, nowMs)) {
        duplicateDatagrams += 1;
        return undefined;
      }
      recency.use(agent);
      return agent;
    },
    packetSample: (agent, sample, nowMs) => {
      agent.samples += 1;
      const source = sources.ofPackets(agent, sample, nowMs);
      if (source === undefined) {
        untrackedSamples += 1;
        untrackedMs = nowMs;
        return undefined;
      }
      addPacketSample(agent, source, sample);
      return source;
    },
    counterSample: (agent, sample, nowMs) => {
      agent.samples += 1;
      const source = sources.ofCounters(agent, sample, nowMs);
      if (source !== undefined) agent.pollingMs = addReadings(source, nowMs) ?? agent.pollingMs;
    },
    forget: (nowMs) => {
      let agent = recency.oldest();
      while (agent !== undefined && nowMs - agent.lastDatagramMs > limits.forgetAfterMs) {
        const { newer } = agent;
        // It must be lost before it is forgotten, however rarely it is polled.
        if (nowMs - agent.lastDatagramMs > pollsUntilForgotten * pollingOf(agent)) drop(agent);
        agent = newer;
      }
      const left = leaving;
      leaving = [];
      return left;
    },
    *agents() {
      for (const ofAddress of byAddress.values()) yield* ofAddress.values();
    },
    untrackedRecently: (nowMs) => untrackedMs !== undefined && nowMs - untrackedMs < recentlyMs,
    counts: () => ({ agents, sources: sources.size(), duplicateDatagrams, untrackedDatagrams, untrackedSamples }),
  };
}

const pollsUntilForgotten = 4;

const newAgent = (agent: string, header: DatagramHeader, nowMs: number): LedgerAgent => ({
  key: `${agent} ${String(header.subAgent)}`,
  ...beforeFirstDatagram(agent, header),
  sinceMs: nowMs,
  lastDatagramMs: nowMs,
  previousDatagramMs: nowMs,
  missedBefore: 0,
  pollingMs: usualPollingMs,
  recent: createLateRecord(nowMs),
  flowSources: new Map(),
  discardSources: new Map(),
  counterSources: new Map(),
  quietWeighedMs: nowMs,
  missedSinceWeighed: 0,
  isRelied: false,
  older: undefined,
  newer: undefined,
});

/** @returns false of one that has come before */
function addHeader(agent: LedgerAgent, header: DatagramHeader, nowMs: number): boolean {
  const step = stepOfDatagram(agent, header);
  if (step.kind === 'duplicate') {
    agent.duplicates += 1;
    return false;
  }
  rememberStep(agent.seen, step, agent.datagrams === 0);
  agent.datagrams += 1;
  agent.previousDatagramMs = agent.lastDatagramMs;
  agent.lastDatagramMs = Math.max(agent.lastDatagramMs, nowMs);
  agent.missedBefore = 0;
  switch (step.kind) {
    case 'next':
      agent.lost += step.missed;
      agent.missedBefore = step.missed;
      break;
    case 'late':
      agent.late += 1;
      agent.lost = Math.max(0, agent.lost - 1);
      agent.recent.addFound(nowMs);
      break;
    case 'restart':
      agent.restarts += 1;
      agent.missedBefore = 1;
      for (const source of [...agent.flowSources.values(), ...agent.discardSources.values()]) source.sequence = -1;
  }
  agent.missedSinceWeighed += agent.missedBefore;
  agent.recent.addDatagram(nowMs, step.kind === 'next' ? step.missed : 0);
  if (step.kind === 'late') return true;
  agent.sequence = header.sequence;
  agent.uptimeMs = header.uptimeMs;
  return true;
}

function addPacketSample(agent: LedgerAgent, source: LedgerSource, { sequence, drops }: FlowSample): void {
  // Negative after a restart of the agent: whatever comes is the first.
  const step = source.sequence < 0 ? ({ kind: 'restart' } as const) : stepOf(source.sequence, sequence, mostLate.samples);
  if (step.kind === 'late') return;
  // A source that counts anew has dropped nothing that this would know of.
  if (step.kind === 'next') {
    agent.samplesMissed += step.missed;
    agent.sampleDrops += Math.max(0, distance(source.drops, drops));
  }
  source.sequence = sequence;
  source.drops = drops;
}
