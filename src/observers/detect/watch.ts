/** One threshold over all the flows of a definition: a detector for each flow, or for the total of each source. */
import type { FlowInterval, TableChange } from '../flows/table.ts';
import { type DetectorRule, type DetectorState, startDetector, weigh } from './detector.ts';
import type { SampledInterval } from './sampled-interval.ts';

export type ThresholdEvent = {
  source: string;
  /** Undefined where the source's total was judged. */
  flow: string | undefined;
  atMs: number;
};

export type ThresholdWatch = {
  /** @param source of the change */
  observe: (source: string, change: TableChange) => ThresholdEvent[];
  /** Detectors that are held; at most one for each flow of the table, or for each source. */
  size: () => number;
};

/**
 * Above, each flow is judged by itself, as sFlow-RT's metric is the value of the largest one. Below, a flow that has vanished is in no
 * table, so the total of the source is judged, from its first sample on: a source that never carried the traffic does not miss it.
 */
export function createThresholdWatch(rule: DetectorRule): ThresholdWatch {
  const detectors = new Map<string, DetectorState>();

  function decides(id: string, interval: SampledInterval): boolean {
    const { state, decided } = weigh(rule, detectors.get(id) ?? startDetector(rule, interval.fromMs), interval);
    detectors.set(id, state);
    return decided;
  }

  function flowEvents(flows: readonly FlowInterval[]): ThresholdEvent[] {
    return flows
      .filter(({ id, interval }) => decides(id, interval))
      .map(({ source, flow, interval }) => ({ source, flow, atMs: interval.toMs }));
  }

  return {
    observe: (source, { flows, total, evicted }) => {
      if (rule.detector === 'cusum' && rule.side === 'below') {
        const isWatched = total.samples > 0 || detectors.has(source);
        return isWatched && decides(source, total) ? [{ source, flow: undefined, atMs: total.toMs }] : [];
      }
      const events = flowEvents(flows);
      for (const id of evicted) detectors.delete(id);
      return events;
    },
    size: () => detectors.size,
  };
}
