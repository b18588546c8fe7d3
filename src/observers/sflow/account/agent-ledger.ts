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
import { mostLate } from './agent-account.ts';
import { createLateRecord, type LateRecord } from './late-record.ts';
import { addReadings, pollingOf, type PollingRecord, startPolling } from './polling.ts';
import { distance, stepOf } from './sequence.ts';

export type LedgerSource = {
  /** Ascending in the life of the ledger, never given again. */
  number: number;
  /** Names agent, sub-agent and data source. */
  name: string;
  /** `TYPE:INDEX`, as it is printed of datagrams. */
  dataSource: string;
  agent: LedgerAgent;
  sequence: number;
  drops: number;
  /** Of the last sample that could be used; undefined before. */
  samplingRate: number | undefined;
};

export type LedgerAgent = {
  key: string;
  agent: string;
  subAgent: number;
  datagrams: number;
  lost: number;
  late: number;
  restarts: number;
  malformed: number;
  samples: number;
  sampleDrops: number;
  samplesMissed: number;
  sequence: number;
  uptimeMs: number;
  sinceMs: number;
  lastDatagramMs: number;
  /** Of the datagram that came last: when the one before came, and how many between them are missing. A restart counts as one, as nobody knows. */
  previousDatagramMs: number;
  missedBefore: number;
  pollingMs: number;
  recent: LateRecord;
  flowSources: Map<number | string, LedgerSource>;
  discardSources: Map<number | string, LedgerSource>;
  counterSources: Map<number | string, PollingRecord>;
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
  /** An agent that was silent for longer makes room for a new one, where there is none. */
  makeRoomAfterMs: number;
  /** An agent that was silent for longer, and for longer than four of its polling intervals, is no agent any more. */
  forgetAfterMs: number;
};

export type AgentLedger = {
  /** @returns undefined where there is no room, which is counted */
  datagram: (header: DatagramHeader, view: DataView, nowMs: number) => LedgerAgent | undefined;
  /** @returns undefined where there is no room for its data source, which is counted */
  packetSample: (agent: LedgerAgent, sample: FlowSample) => LedgerSource | undefined;
  counterSample: (agent: LedgerAgent, sample: CounterSample, nowMs: number) => void;
  /** @returns those that are no agents any more; to be told of, with those that made room */
  forget: (nowMs: number) => LedgerAgent[];
  agents: () => Iterable<LedgerAgent>;
  counts: () => { agents: number; sources: number; untrackedDatagrams: number; untrackedSamples: number };
};

export function createAgentLedger(limits: LedgerLimits): AgentLedger {
  /** By address, then by sub-agent: no text is made for a datagram of a known one. */
  const byAddress = new Map<string, Map<number, LedgerAgent>>();
  const texts = createAddressTexts();
  const recency = createRecency<LedgerAgent>();
  let leaving: LedgerAgent[] = [];
  let [agents, sources, sourceNumber, untrackedDatagrams, untrackedSamples] = [0, 0, 0, 0, 0];

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
    sources -= agent.flowSources.size + agent.discardSources.size + agent.counterSources.size;
    leaving.push(agent);
  }

  function sourceOf(agent: LedgerAgent, sample: FlowSample): LedgerSource | undefined {
    const known = sample.kind === 'flow' ? agent.flowSources : agent.discardSources;
    const key = keyOfSource(sample);
    const found = known.get(key);
    if (found !== undefined || sources >= limits.sources) return found;
    sources += 1;
    sourceNumber += 1;
    const { sequence, drops } = sample;
    const dataSource = `${String(sample.sourceType)}:${String(sample.sourceIndex)}`;
    const name = `${agent.key} ${dataSource}`;
    // As if the sample before had come.
    const before = { sequence: (sequence - 1) >>> 0, drops };
    const source: LedgerSource = { number: sourceNumber, name, dataSource, agent, samplingRate: undefined, ...before };
    known.set(key, source);
    return source;
  }

  return {
    datagram: (header, view, nowMs) => {
      const agent = agentOf(header, view, nowMs);
      if (agent === undefined) untrackedDatagrams += 1;
      else {
        recency.use(agent);
        addHeader(agent, header, nowMs);
      }
      return agent;
    },
    packetSample: (agent, sample) => {
      agent.samples += 1;
      const source = sourceOf(agent, sample);
      if (source === undefined) untrackedSamples += 1;
      else addPacketSample(agent, source, sample);
      return source;
    },
    counterSample: (agent, sample, nowMs) => {
      agent.samples += 1;
      const key = keyOfSource(sample);
      const record = agent.counterSources.get(key);
      if (record !== undefined) agent.pollingMs = addReadings(record, nowMs) ?? agent.pollingMs;
      else if (sources < limits.sources) {
        sources += 1;
        agent.counterSources.set(key, startPolling(nowMs));
      }
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
    counts: () => ({ agents, sources, untrackedDatagrams, untrackedSamples }),
  };
}

const pollsUntilForgotten = 4;

const newAgent = (agent: string, { subAgent, sequence, uptimeMs }: DatagramHeader, nowMs: number): LedgerAgent => ({
  key: `${agent} ${String(subAgent)}`,
  agent,
  subAgent,
  datagrams: 0,
  lost: 0,
  late: 0,
  restarts: 0,
  malformed: 0,
  samples: 0,
  sampleDrops: 0,
  samplesMissed: 0,
  // As if the datagram before its first one had come.
  sequence: (sequence - 1) >>> 0,
  uptimeMs,
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

function addHeader(agent: LedgerAgent, { sequence, uptimeMs }: DatagramHeader, nowMs: number): void {
  agent.datagrams += 1;
  agent.previousDatagramMs = agent.lastDatagramMs;
  agent.lastDatagramMs = Math.max(agent.lastDatagramMs, nowMs);
  agent.missedBefore = 0;
  const isAnew = distance(agent.uptimeMs, uptimeMs) < -mostLate.uptimeMs;
  const step = isAnew ? ({ kind: 'restart' } as const) : stepOf(agent.sequence, sequence, mostLate.datagrams);
  switch (step.kind) {
    case 'next':
      agent.lost += step.missed;
      agent.missedBefore = step.missed;
      break;
    case 'late':
      agent.late += 1;
      if (sequence !== agent.sequence) {
        agent.lost = Math.max(0, agent.lost - 1);
        agent.recent.addFound(nowMs);
      }
      break;
    case 'restart':
      agent.restarts += 1;
      agent.missedBefore = 1;
      for (const source of [...agent.flowSources.values(), ...agent.discardSources.values()]) source.sequence = -1;
  }
  agent.missedSinceWeighed += agent.missedBefore;
  agent.recent.addDatagram(nowMs, step.kind === 'next' ? step.missed : 0);
  if (step.kind === 'late') return;
  agent.sequence = sequence;
  agent.uptimeMs = uptimeMs;
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

/** A small number where the index fits 24 bits, as it does of the compact form; large numbers and texts cost more to look up. */
function keyOfSource({ sourceType, sourceIndex }: { sourceType: number; sourceIndex: number }): number | string {
  if (sourceType < 64 && sourceIndex < 2 ** 24) return (sourceType << 24) | sourceIndex;
  return `${String(sourceType)}:${String(sourceIndex)}`;
}
