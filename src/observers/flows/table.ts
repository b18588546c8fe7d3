/**
 * The flows of one definition, by source, with their smoothed values: what sFlow-RT calls active flows. Bounded: whoever forges
 * addresses can only push other flows out, which is counted.
 */
import { addToEwma, type Ewma, ewmaAt } from '../detect/ewma.ts';
import type { SampledInterval } from '../detect/sampled-interval.ts';
import type { FlowDefinition } from './definition.ts';
import type { FlowFields } from './fields.ts';

/** What one datagram brought of one source; empty where it brought only counters. */
export type DatagramSamples = {
  /** Names agent and data source. The same packet is sampled by every bridge on its way, so sources are never added up. */
  source: string;
  fromMs: number;
  toMs: number;
  lostDatagrams: number;
  samples: readonly { fields: FlowFields; samplingRate: number }[];
};

export type FlowInterval = { id: string; source: string; flow: string; interval: SampledInterval };

export type TableChange = {
  /** Of each flow that was sampled. */
  flows: readonly FlowInterval[];
  /** Of all flows of the source together, also when nothing was sampled. */
  total: SampledInterval;
  /** Ids of flows that had to leave. */
  evicted: readonly string[];
};

export type ActiveFlow = { flow: string; source: string; value: number };

export type FlowTable = {
  observe: (datagram: DatagramSamples) => TableChange;
  /** Largest first. A flow of several sources is there once, with the largest of their values: sFlow-RT's `aggMode=max`. */
  activeFlows: (options: { nowMs: number; most: number; least?: number; source?: string }) => ActiveFlow[];
  size: () => number;
  evictions: () => number;
};

type Entry = { source: string; flow: string; ewma: Ewma };

export function createFlowTable(
  definition: FlowDefinition,
  { smoothingMs, mostFlows }: { smoothingMs: number; mostFlows: number },
): FlowTable {
  /** The one used longest ago first. */
  const entries = new Map<string, Entry>();
  let evictions = 0;

  function touch({ id, source, flow, interval }: FlowInterval): void {
    const entry = entries.get(id) ?? { source, flow, ewma: { value: 0, atMs: interval.toMs } };
    entries.delete(id);
    entries.set(id, { ...entry, ewma: addToEwma(entry.ewma, interval.toMs, interval.weight, smoothingMs) });
  }

  function evict(): string[] {
    const leaving = [...entries.keys()].slice(0, Math.max(0, entries.size - mostFlows));
    for (const id of leaving) entries.delete(id);
    evictions += leaving.length;
    return leaving;
  }

  return {
    observe: (datagram) => {
      const flows = intervalsOf(definition, datagram);
      for (const one of flows) touch(one);
      return {
        flows,
        total: flows.reduce((sum, { interval }) => added(sum, interval), emptyInterval(datagram)),
        evicted: evict(),
      };
    },
    activeFlows: ({ nowMs, most, least = 0, source }) => {
      const largest = new Map<string, ActiveFlow>();
      for (const { flow, source: from, ewma } of entries.values()) {
        const value = ewmaAt(ewma, nowMs, smoothingMs);
        if (value < least || (source !== undefined && source !== from)) continue;
        if (value > (largest.get(flow)?.value ?? -1)) largest.set(flow, { flow, source: from, value });
      }
      return [...largest.values()].sort((one, other) => other.value - one.value).slice(0, most);
    },
    size: () => entries.size,
    evictions: () => evictions,
  };
}

function intervalsOf(definition: FlowDefinition, datagram: DatagramSamples): FlowInterval[] {
  const found = new Map<string, FlowInterval>();
  for (const { fields, samplingRate } of datagram.samples) {
    const [flow, value] = [definition.flowOf(fields), definition.value(fields)];
    if (flow === undefined || value === undefined) continue;
    const id = `${datagram.source} ${flow}`;
    const before = found.get(id)?.interval ?? emptyInterval(datagram);
    const weight = value * samplingRate;
    const interval = added(before, { ...before, samples: 1, weight, heaviest: weight });
    found.set(id, { id, source: datagram.source, flow, interval });
  }
  return [...found.values()];
}

function emptyInterval({ fromMs, toMs, lostDatagrams }: DatagramSamples): SampledInterval {
  return { fromMs, toMs, lostDatagrams, samples: 0, weight: 0, heaviest: 0 };
}

function added(sum: SampledInterval, one: SampledInterval): SampledInterval {
  return {
    ...sum,
    samples: sum.samples + one.samples,
    weight: sum.weight + one.weight,
    heaviest: Math.max(sum.heaviest, one.heaviest),
  };
}
