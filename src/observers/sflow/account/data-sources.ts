/**
 * The data sources of all agents, of packets and of counters, under one bound: where there is no room, the one that was idle longest leaves, if that was for
 * long enough. Interfaces of pods come and go, each with a number of its own, while their agent lives.
 */
import { createRecency } from '../../flows/recency.ts';
import type { CounterSample } from '../decode/counter-sample.ts';
import type { FlowSample } from '../decode/flow-sample.ts';
import { type PollingRecord, startPolling } from './polling.ts';

export type SourceKey = number | string;

/** Of any kind, in the order of last use: the one that was idle longest can leave. */
type KeptSource = LedgerSource | CounterSource;

type Kept = {
  agent: SourcesOfAgent;
  key: SourceKey;
  usedMs: number;
  older: KeptSource | undefined;
  newer: KeptSource | undefined;
};

export type LedgerSource = Kept & {
  /** Ascending in the life of the ledger, never given again. */
  number: number;
  /** Names agent, sub-agent and data source. */
  name: string;
  /** `TYPE:INDEX`, as it is printed of datagrams. */
  dataSource: string;
  kind: 'flow' | 'discard';
  sequence: number;
  drops: number;
  /** Of the last sample that could be used; undefined before. */
  samplingRate: number | undefined;
};

export type CounterSource = Kept & PollingRecord & { kind: 'counters' };

export type SourcesOfAgent = {
  /** Names agent and sub-agent. */
  key: string;
  flowSources: Map<SourceKey, LedgerSource>;
  discardSources: Map<SourceKey, LedgerSource>;
  counterSources: Map<SourceKey, CounterSource>;
};

export type DataSources = {
  /** @returns undefined where there is no room */
  ofPackets: (agent: SourcesOfAgent, sample: FlowSample, nowMs: number) => LedgerSource | undefined;
  /** @returns undefined where there is no room */
  ofCounters: (agent: SourcesOfAgent, sample: CounterSample, nowMs: number) => CounterSource | undefined;
  /** Gives their room back; its maps stay as they are, for whoever has to forget them. */
  dropAll: (agent: SourcesOfAgent) => void;
  size: () => number;
};

/** @param left is told of each source of flow samples that made room for another */
export function createDataSources(
  limits: { sources: number; makeRoomAfterMs: number },
  left: (source: LedgerSource) => void,
): DataSources {
  const recency = createRecency<KeptSource>();
  let [size, lastNumber] = [0, 0];

  /** @returns false where there is none, for no source was idle for long enough */
  function hasRoomForSource(nowMs: number): boolean {
    if (size < limits.sources) return true;
    const idlest = recency.oldest();
    if (idlest === undefined || nowMs - idlest.usedMs <= limits.makeRoomAfterMs) return false;
    recency.remove(idlest);
    size -= 1;
    idlest.agent[mapOfKind[idlest.kind]].delete(idlest.key);
    if (idlest.kind === 'flow') left(idlest);
    return true;
  }

  function use(source: KeptSource, nowMs: number): void {
    source.usedMs = nowMs;
    recency.use(source);
  }

  function sourceOf(agent: SourcesOfAgent, sample: FlowSample, nowMs: number): LedgerSource | undefined {
    const known = sample.kind === 'flow' ? agent.flowSources : agent.discardSources;
    const key = keyOfSource(sample);
    const found = known.get(key);
    if (found !== undefined || !hasRoomForSource(nowMs)) return found;
    size += 1;
    lastNumber += 1;
    const source = newSource(lastNumber, agent, key, sample, nowMs);
    known.set(key, source);
    return source;
  }

  function countersOf(agent: SourcesOfAgent, sample: CounterSample, nowMs: number): CounterSource | undefined {
    const key = keyOfSource(sample);
    // Its interface is there, though nothing was sampled on it.
    const sampled = agent.flowSources.get(key);
    if (sampled !== undefined) use(sampled, nowMs);
    const found = agent.counterSources.get(key);
    if (found !== undefined || !hasRoomForSource(nowMs)) return found;
    size += 1;
    const source: CounterSource = { kind: 'counters', ...kept(agent, key, nowMs), ...startPolling(nowMs) };
    agent.counterSources.set(key, source);
    return source;
  }

  return {
    ofPackets: (agent, sample, nowMs) => {
      const source = sourceOf(agent, sample, nowMs);
      if (source !== undefined) use(source, nowMs);
      return source;
    },
    ofCounters: (agent, sample, nowMs) => {
      const source = countersOf(agent, sample, nowMs);
      if (source !== undefined) use(source, nowMs);
      return source;
    },
    dropAll: (agent) => {
      for (const kind of [agent.flowSources, agent.discardSources, agent.counterSources]) {
        for (const source of kind.values()) recency.remove(source);
        size -= kind.size;
      }
    },
    size: () => size,
  };
}

const mapOfKind = { flow: 'flowSources', discard: 'discardSources', counters: 'counterSources' } as const;

const kept = (agent: SourcesOfAgent, key: SourceKey, usedMs: number): Kept => ({
  agent,
  key,
  usedMs,
  older: undefined,
  newer: undefined,
});

function newSource(number: number, agent: SourcesOfAgent, key: SourceKey, sample: FlowSample, nowMs: number): LedgerSource {
  const { kind, sourceType, sourceIndex, sequence, drops } = sample;
  const dataSource = `${String(sourceType)}:${String(sourceIndex)}`;
  const name = `${agent.key} ${dataSource}`;
  // As if the sample before had come.
  const before = { sequence: (sequence - 1) >>> 0, drops };
  return { number, name, dataSource, kind, samplingRate: undefined, ...before, ...kept(agent, key, nowMs) };
}

/** A small number where the index fits 24 bits, as it does of the compact form; large numbers and texts cost more to look up. */
function keyOfSource({ sourceType, sourceIndex }: { sourceType: number; sourceIndex: number }): number | string {
  if (sourceType < 64 && sourceIndex < 2 ** 24) return (sourceType << 24) | sourceIndex;
  return `${String(sourceType)}:${String(sourceIndex)}`;
}
