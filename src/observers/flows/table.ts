/**
 * The flows of one definition, by source, with their smoothed values: what sFlow-RT calls active flows. Bounded: whoever forges
 * addresses can only push other flows out, which is counted.
 */
import { ewmaAt } from '../detect/ewma.ts';
import type { SampledInterval } from '../detect/sampled-interval.ts';
import type { FlowDefinition } from './definition.ts';
import type { FlowFields } from './fields.ts';
import { type ActiveFlow, type Aggregation, largestFlows, onceEach } from './largest-flows.ts';
import { createRecency } from './recency.ts';

/** Since the source's datagram before. */
export type DatagramWindow = { fromMs: number; toMs: number; lostDatagrams: number };

/** What one datagram brought of one source; empty where it brought only counters. */
export type DatagramSamples = DatagramWindow & {
  /** Names agent and data source. The same packet is sampled by every bridge on its way, so sources are never added up. */
  source: string;
  samples: readonly { fields: FlowFields; samplingRate: number }[];
};

export type FlowInterval = { id: string; source: string; flow: string; interval: SampledInterval };

export type TableChange = {
  source: string;
  /** Of each flow that was sampled. */
  flows: readonly FlowInterval[];
  /** Of all flows of the source together, also when nothing was sampled. */
  total: SampledInterval;
  /** Ids of flows that had to leave. */
  evicted: readonly string[];
};

/** What was sampled since the datagram began; smoothed up to the one before. */
type Series = { value: number; atMs: number; samples: number; weight: number; heaviest: number };

/** A flow of the table, which its owner may hold until it `isEvicted`. */
export type FlowEntry = Series & {
  id: string;
  source: string;
  flow: string;
  isEvicted: boolean;
  older: FlowEntry | undefined;
  newer: FlowEntry | undefined;
};

type SourceTotal = Series & { source: string; flows: FlowEntry[] };

export type FlowTable = {
  /** `begin`, `add` for each sample, and `end`. */
  observe: (datagram: DatagramSamples) => TableChange;
  begin: (window: DatagramWindow) => void;
  add: (sampled: { source: string; flow: string; value: number; samplingRate: number }) => FlowEntry;
  /** Quicker where the flow is at hand. */
  addTo: (entry: FlowEntry, value: number, samplingRate: number) => void;
  /** One change for each source of which something was sampled. */
  end: () => TableChange[];
  /** Largest first. A flow of several sources is there once, with the largest of their values: sFlow-RT's `aggMode=max`. */
  activeFlows: (options: {
    nowMs: number;
    most: number;
    least?: number;
    source?: string;
    isWanted?: (source: string) => boolean;
    aggregation?: Aggregation;
  }) => ActiveFlow[];
  /** Undefined of a flow that is not there. */
  valueOf: (id: string, nowMs: number) => number | undefined;
  /** Of each source that has carried any of the flows: all of them together. */
  totals: (nowMs: number) => { source: string; value: number }[];
  /** From the next datagram on that samples any of its flows. */
  limit: (limits: FlowTableLimits) => void;
  /** Its total; its flows leave as others do. */
  forgetSource: (source: string) => void;
  size: () => number;
  evictions: () => number;
  /** What one packet has added at most, before it is scaled; 0 before the first. */
  largestValue: () => number;
};

export type FlowTableLimits = {
  mostFlows: number;
  /** A flow that was not sampled for longer leaves with the next datagram that samples another. */
  idleMs: number;
};

/** Of so many sources totals are kept in any case. */
const leastTotals = 1024;

export const idOfFlow = (source: string, flow: string): string => `${source} ${flow}`;

export function createFlowTable(
  definition: FlowDefinition,
  {
    smoothingMs,
    mostFlows,
    idleMs = Infinity,
  }: { smoothingMs: number } & Pick<FlowTableLimits, 'mostFlows'> & Partial<FlowTableLimits>,
): FlowTable {
  let limits: FlowTableLimits = { mostFlows, idleMs };
  const entries = new Map<string, FlowEntry>();
  const recency = createRecency<FlowEntry>();
  const totals = new Map<string, SourceTotal>();
  const touched: SourceTotal[] = [];
  let window: DatagramWindow = { fromMs: 0, toMs: 0, lostDatagrams: 0 };
  let [evictions, largestValue] = [0, 0];

  function totalOf(source: string): SourceTotal {
    const known = totals.get(source);
    if (known !== undefined) return known;
    const total: SourceTotal = { source, flows: [], ...startSeries(window.toMs) };
    totals.set(source, total);
    return total;
  }

  function entryOf(source: string, flow: string): FlowEntry {
    const id = idOfFlow(source, flow);
    const known = entries.get(id);
    if (known !== undefined) return known;
    const links = { older: undefined, newer: undefined };
    const entry: FlowEntry = { id, source, flow, isEvicted: false, ...links, ...startSeries(window.toMs) };
    entries.set(id, entry);
    return entry;
  }

  function addTo(entry: FlowEntry, value: number, samplingRate: number): void {
    if (value > largestValue) largestValue = value;
    const weight = value * samplingRate;
    if (entry.samples === 0) {
      recency.use(entry);
      const total = totalOf(entry.source);
      if (total.flows.length === 0) touched.push(total);
      total.flows.push(entry);
    }
    entry.samples += 1;
    entry.weight += weight;
    if (weight > entry.heaviest) entry.heaviest = weight;
  }

  function changeOf(total: SourceTotal): TableChange {
    const flows: FlowInterval[] = [];
    for (const entry of total.flows) {
      total.samples += entry.samples;
      total.weight += entry.weight;
      total.heaviest = Math.max(total.heaviest, entry.heaviest);
      flows.push({ id: entry.id, source: entry.source, flow: entry.flow, interval: closed(entry, window, smoothingMs) });
    }
    total.flows = [];
    return { source: total.source, flows, total: closed(total, window, smoothingMs), evicted: [] };
  }

  function remove(entry: FlowEntry): void {
    entries.delete(entry.id);
    recency.remove(entry);
    entry.isEvicted = true;
    // Whoever holds it for a while yet needs no texts of it.
    entry.id = entry.source = entry.flow = '';
  }

  /** Those that were idle for too long, and those for which there is no room; only the latter are counted. */
  function evict(): string[] {
    const evicted: string[] = [];
    for (let oldest = recency.oldest(); oldest !== undefined; oldest = recency.oldest()) {
      const isIdle = window.toMs - oldest.atMs > limits.idleMs;
      if (!isIdle && entries.size <= limits.mostFlows) break;
      if (!isIdle) evictions += 1;
      evicted.push(oldest.id);
      remove(oldest);
    }
    return evicted;
  }

  /** Totals are few; where sources are forged, the ones that were sampled longest ago leave, a half at a time. */
  function boundTotals(): void {
    if (totals.size <= Math.max(leastTotals, limits.mostFlows)) return;
    const newest = [...totals.values()].sort((one, other) => one.atMs - other.atMs).slice(totals.size >> 1);
    totals.clear();
    for (const total of newest) totals.set(total.source, total);
  }

  function end(): TableChange[] {
    if (touched.length === 0) return [];
    const changes = touched.map(changeOf);
    touched.length = 0;
    const last = changes.at(-1);
    if (last !== undefined) last.evicted = evict();
    boundTotals();
    return changes;
  }

  const add: FlowTable['add'] = ({ source, flow, value, samplingRate }) => {
    const entry = entryOf(source, flow);
    addTo(entry, value, samplingRate);
    return entry;
  };

  function* valuesAt(nowMs: number, least: number, isWanted: (source: string) => boolean): Generator<ActiveFlow> {
    for (const entry of entries.values()) {
      const value = ewmaAt(entry, nowMs, smoothingMs);
      if (value >= least && isWanted(entry.source)) yield { flow: entry.flow, source: entry.source, value };
    }
  }

  return {
    observe: ({ source, samples, ...datagram }) => {
      window = datagram;
      for (const { fields, samplingRate } of samples) {
        const [flow, value] = [definition.flowOf(fields), definition.value(fields)];
        if (flow !== undefined && value !== undefined) add({ source, flow, value, samplingRate });
      }
      return end()[0] ?? { source, flows: [], total: quietInterval(datagram), evicted: [] };
    },
    begin: (datagram) => {
      window = datagram;
    },
    add,
    addTo,
    end,
    activeFlows: ({ nowMs, most, least = 0, source, isWanted = () => true, aggregation = 'max' }) => {
      const wanted = source === undefined ? isWanted : (from: string) => from === source && isWanted(from);
      // A sum may be large enough though none of what is added up is.
      const each = valuesAt(nowMs, aggregation === 'sum' ? 0 : least, wanted);
      if (totals.size <= 1) return largestFlows(each, most);
      return largestFlows(onceEach(each, aggregation), most).filter(({ value }) => value >= least);
    },
    valueOf: (id, nowMs) => {
      const entry = entries.get(id);
      return entry === undefined ? undefined : ewmaAt(entry, nowMs, smoothingMs);
    },
    totals: (nowMs) => [...totals.values()].map((total) => ({ source: total.source, value: ewmaAt(total, nowMs, smoothingMs) })),
    limit: (given) => {
      limits = given;
    },
    forgetSource: (source) => {
      totals.delete(source);
    },
    size: () => entries.size,
    evictions: () => evictions,
    largestValue: () => largestValue,
  };
}

/** Nothing was sampled, and time has passed. */
export function quietInterval({ fromMs, toMs, lostDatagrams }: DatagramWindow): SampledInterval {
  return { fromMs, toMs, lostDatagrams, samples: 0, weight: 0, heaviest: 0 };
}

const startSeries = (atMs: number): Series => ({ value: 0, atMs, samples: 0, weight: 0, heaviest: 0 });

/** What was gathered as one interval; it goes into the smoothed value, and the series is ready for the next datagram. In place: see ewma.ts for the formula. */
function closed(series: Series, window: DatagramWindow, smoothingMs: number): SampledInterval {
  const { samples, weight, heaviest } = series;
  series.value = ewmaAt(series, window.toMs, smoothingMs) + (1000 * weight) / smoothingMs;
  series.atMs = Math.max(series.atMs, window.toMs);
  series.samples = series.weight = series.heaviest = 0;
  const { fromMs, toMs, lostDatagrams } = window;
  return { fromMs, toMs, samples, weight, heaviest, lostDatagrams };
}
