/** A threshold's detector, whichever it is: the default one, or sFlow-RT's own behaviour. */
import { type CusumRule, type CusumState, startCusum, weighInterval } from './cusum.ts';
import { type EwmaDetectorState, type EwmaRule, startEwmaDetector, weighByEwma } from './ewma-detector.ts';
import { heaviestAt } from './heaviest.ts';
import type { SampledInterval } from './sampled-interval.ts';

export type DetectorRule = ({ detector: 'cusum'; rearmMs: number } & CusumRule) | ({ detector: 'ewma' } & EwmaRule);

export type DetectorState =
  { detector: 'cusum'; cusum: CusumState; decidedAtMs: number | undefined } | { detector: 'ewma'; ewma: EwmaDetectorState };

export type Weighed = {
  state: DetectorState;
  /** A new event. */
  decided: boolean;
  /** The condition is met, be it the same event as before or a new one. */
  met: boolean;
  /** That the decision rests on; of a smoothed value as many as its noise is worth: 2 · t · v / N. */
  samples: number;
};

export function startDetector(rule: DetectorRule, atMs: number): DetectorState {
  if (rule.detector === 'ewma') return { detector: 'ewma', ewma: startEwmaDetector(atMs) };
  return { detector: 'cusum', cusum: startCusum(rule, atMs), decidedAtMs: undefined };
}

/** What its decisions hold the lightest sample to be part of; 0 where that does not matter. */
export function heaviestOfDetector(state: DetectorState, nowMs: number): number {
  return state.detector === 'cusum' ? heaviestAt(state.cusum.heaviest, nowMs) : 0;
}

/**
 * `decided` is true once, and again only after the condition was not met for `rearmMs`: the default detector starts anew with every
 * decision, and what it decides within that time of the last is the same event.
 */
export function weigh(rule: DetectorRule, state: DetectorState, interval: SampledInterval): Weighed {
  if (rule.detector === 'ewma') {
    const before = state.detector === 'ewma' ? state.ewma : startEwmaDetector(interval.fromMs);
    const { state: ewma, decided, above } = weighByEwma(rule, before, interval);
    const samples = interval.heaviest > 0 ? (2 * rule.smoothingMs * ewma.value) / (1000 * interval.heaviest) : 0;
    return { state: { detector: 'ewma', ewma }, decided, met: above, samples: Math.max(interval.samples, Math.round(samples)) };
  }
  const before = state.detector === 'cusum' ? state : { cusum: startCusum(rule, interval.fromMs), decidedAtMs: undefined };
  const { state: cusum, decision } = weighInterval(rule, before.cusum, interval);
  const { decided: met, samples } = decision;
  if (!met) return { state: { detector: 'cusum', cusum, decidedAtMs: before.decidedAtMs }, decided: false, met, samples };
  const isSameEvent = before.decidedAtMs !== undefined && interval.toMs - before.decidedAtMs < rule.rearmMs;
  const anew = { ...startCusum(rule, cusum.atMs), heaviest: cusum.heaviest };
  return { state: { detector: 'cusum', cusum: anew, decidedAtMs: interval.toMs }, decided: !isSameEvent, met, samples };
}
