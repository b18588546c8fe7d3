/** One threshold over all the flows of a definition: a detector for each flow, or for the total of each source. */
import type { FlowInterval, TableChange } from '../flows/table.ts';
import { type DetectorRule, type DetectorState, heaviestOfDetector, startDetector, weigh } from './detector.ts';
import type { SampledInterval } from './sampled-interval.ts';

export type ThresholdEvent = {
  source: string;
  /** Undefined where the source's total was judged. */
  flow: string | undefined;
  atMs: number;
  /** That the decision rests on. */
  samples: number;
  /** What was judged against, in the metric's unit a second. */
  limit: number;
};

export type ThresholdWatch = {
  /** @param source of the change */
  observe: (source: string, change: TableChange) => ThresholdEvent[];
  /** When the condition was met last, be it a new event or not; undefined while it never was. */
  lastMetMs: () => number | undefined;
  /**
   * Judges the totals of sources from `atMs` on, below only, where it does not yet: they are known to have carried the traffic.
   * @param weights what a sample of each weighs at most
   */
  watchFrom: (weights: ReadonlyMap<string, number>, atMs: number) => void;
  /** Sources whose totals are judged, with what a sample of each weighs at most; empty above. */
  watched: (nowMs: number) => Map<string, number>;
  /** What a sample of any of the flows, or sources, has weighed at most of late. */
  heaviestAt: (nowMs: number) => number;
  /** Of a source whose total is judged; flows are forgotten when their table evicts them. */
  forgetSource: (source: string) => void;
  /** Detectors that are held; at most one for each flow of the table, or for each source. */
  size: () => number;
};

/** @returns undefined of a source that is not judged */
export type RuleOfSource = (source: string) => DetectorRule | undefined;

type Watched = { id: string; source: string; flow: string | undefined; interval: SampledInterval };

/**
 * Above, each flow is judged by itself, as sFlow-RT's metric is the value of the largest one. Below, a flow that has vanished is in no
 * table, so the total of the source is judged, from its first sample on or from when it is known to have carried the traffic: a source
 * that never did does not miss it.
 */
export function createThresholdWatch(rule: DetectorRule | RuleOfSource): ThresholdWatch {
  const ruleOf: RuleOfSource = typeof rule === 'function' ? rule : () => rule;
  const detectors = new Map<string, DetectorState>();
  let lastMetMs: number | undefined;

  function eventOf(judging: DetectorRule, { id, source, flow, interval }: Watched): ThresholdEvent | undefined {
    const before = detectors.get(id) ?? startDetector(judging, interval.fromMs);
    const { state, decided, met, samples } = weigh(judging, before, interval);
    detectors.set(id, state);
    if (met) lastMetMs = Math.max(lastMetMs ?? interval.toMs, interval.toMs);
    return decided ? { source, flow, atMs: interval.toMs, samples, limit: judging.threshold } : undefined;
  }

  function flowEvents(judging: DetectorRule, flows: readonly FlowInterval[]): ThresholdEvent[] {
    const events: ThresholdEvent[] = [];
    for (const flow of flows) {
      const event = eventOf(judging, flow);
      if (event !== undefined) events.push(event);
    }
    return events;
  }

  return {
    observe: (source, { flows, total, evicted }) => {
      const judging = ruleOf(source);
      if (isBelow(judging)) {
        const isWatched = total.samples > 0 || detectors.has(source);
        const event = isWatched ? eventOf(judging, { id: source, source, flow: undefined, interval: total }) : undefined;
        return event === undefined ? [] : [event];
      }
      const events = judging === undefined ? [] : flowEvents(judging, flows);
      for (const id of evicted) detectors.delete(id);
      return events;
    },
    lastMetMs: () => lastMetMs,
    watchFrom: (weights, atMs) => {
      for (const [source, sampleWeight] of weights) {
        const judging = ruleOf(source);
        if (!isBelow(judging) || detectors.has(source)) continue;
        detectors.set(source, startDetector({ ...judging, sampleWeight }, atMs));
      }
    },
    watched: (nowMs) => {
      const below = [...detectors].filter(([source]) => isBelow(ruleOf(source)));
      return new Map(below.map(([source, state]) => [source, heaviestOfDetector(state, nowMs)]));
    },
    heaviestAt: (nowMs) => {
      let heaviest = 0;
      for (const state of detectors.values()) heaviest = Math.max(heaviest, heaviestOfDetector(state, nowMs));
      return heaviest;
    },
    forgetSource: (source) => {
      detectors.delete(source);
    },
    size: () => detectors.size,
  };
}

const isBelow = (rule: DetectorRule | undefined): rule is DetectorRule & { detector: 'cusum' } =>
  rule?.detector === 'cusum' && rule.side === 'below';
