/**
 * sFlow-RT's own behaviour, for those who want its events: fires as soon as the smoothed value is above the threshold, whatever the
 * evidence. It has no condition `below`.
 */
import { addToEwma, type Ewma } from './ewma.ts';
import type { SampledInterval } from './sampled-interval.ts';

export type EwmaRule = {
  threshold: number;
  smoothingMs: number;
  /** How long the value must stay below the threshold before the detector can fire again: sFlow-RT's `timeout`. */
  rearmMs: number;
};

export type EwmaDetectorState = Ewma & {
  /** Fired, and not armed again. */
  fired: boolean;
  /** When the value fell below the threshold, undefined while it is above. */
  belowSinceMs: number | undefined;
};

export function startEwmaDetector(atMs: number): EwmaDetectorState {
  return { value: 0, atMs, fired: false, belowSinceMs: atMs };
}

export function weighByEwma(
  rule: EwmaRule,
  state: EwmaDetectorState,
  interval: SampledInterval,
): { state: EwmaDetectorState; decided: boolean; above: boolean } {
  const { threshold, smoothingMs, rearmMs } = rule;
  const belowSinceMs = state.belowSinceMs ?? fellBelowAt(rule, state);
  const armed = !state.fired || interval.toMs - belowSinceMs >= rearmMs;
  const next = addToEwma(state, interval.toMs, interval.weight, smoothingMs);
  const above = next.value > threshold;
  return {
    state: {
      ...next,
      fired: above || !armed,
      belowSinceMs: above || belowSinceMs > interval.toMs ? undefined : belowSinceMs,
    },
    decided: above && armed,
    above,
  };
}

/** Without samples the value only falls: v(t) = v · e^(−t/τ) meets the threshold after τ · ln(v / threshold). */
function fellBelowAt({ threshold, smoothingMs }: EwmaRule, { value, atMs }: Ewma): number {
  return atMs + smoothingMs * Math.log(value / threshold);
}
