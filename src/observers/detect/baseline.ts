/** The steady state before a fault, measured from samples: what relative thresholds are relative to. */
import type { SampledInterval } from './sampled-interval.ts';

const leastMs = 30_000;
const leastSamples = 100;
const windowMs = 1000;
/** Two-sided 95 % of the normal distribution. */
const z95 = 1.96;
const oneSidedZ95 = 1.645;

type Sum = { ms: number; weight: number };

export type BaselineState = {
  samples: number;
  heaviest: number;
  lostDatagrams: number;
  /** Of all closed windows. */
  closed: Sum;
  windows: number;
  /** Sum of weight² over time, one term a window. */
  squares: number;
  open: Sum;
};

export type Baseline = {
  /** In the metric's unit a second, with the bounds of its 95 % interval. */
  rate: number;
  low: number;
  high: number;
  /**
   * Variance of the counts over their mean, which the decisive evidence is multiplied by: the upper bound of its one-sided 95 % interval, so
   * that a short baseline makes the detector slower and not bolder; at least 1.
   */
  dispersion: number;
  /** What a sample weighed at most. */
  heaviest: number;
};

export function startBaseline(): BaselineState {
  const none: Sum = { ms: 0, weight: 0 };
  return { samples: 0, heaviest: 0, lostDatagrams: 0, closed: none, windows: 0, squares: 0, open: none };
}

/** A window ends with the first datagram after a second, so that batches of the exporter are never cut. The state is of fixed size. */
export function addToBaseline(state: BaselineState, interval: SampledInterval): BaselineState {
  const open: Sum = {
    ms: state.open.ms + Math.max(0, interval.toMs - interval.fromMs),
    weight: state.open.weight + interval.weight,
  };
  const counted = {
    ...state,
    samples: state.samples + interval.samples,
    heaviest: Math.max(state.heaviest, interval.heaviest),
    lostDatagrams: state.lostDatagrams + interval.lostDatagrams,
    open,
  };
  if (open.ms < windowMs) return counted;
  return {
    ...counted,
    closed: { ms: state.closed.ms + open.ms, weight: state.closed.weight + open.weight },
    windows: state.windows + 1,
    squares: state.squares + open.weight ** 2 / open.ms,
    open: { ms: 0, weight: 0 },
  };
}

/**
 * Undefined with a reason while there is too little: below 30 s or 100 samples the estimate's 95 % error is over 20 %
 * (196 · √(1/c) %, Phaal and Panchen, "Packet Sampling Basics").
 */
export function baselineOf(state: BaselineState): { baseline: Baseline } | { baseline: undefined; missing: string } {
  const { closed, windows, squares, samples, heaviest } = state;
  if (closed.ms < leastMs || samples < leastSamples || windows < 2) {
    const had = `${(closed.ms / 1000).toFixed(0)} s and ${String(samples)} samples`;
    return {
      baseline: undefined,
      missing: `the baseline has ${had}; expected at least ${String(leastMs / 1000)} s and ${String(leastSamples)} samples before the fault: measure for longer, or sample more packets`,
    };
  }
  const perMs = closed.weight / closed.ms;
  const variance = (squares / perMs - closed.weight) / (windows - 1);
  const dispersion = Math.max(1, (variance / heaviest) * (1 + oneSidedZ95 * Math.sqrt(2 / (windows - 1))));
  const margin = z95 * Math.sqrt(closed.weight * heaviest * dispersion);
  const perSecond = (weight: number) => (1000 * Math.max(0, weight)) / closed.ms;
  return {
    baseline: {
      rate: perSecond(closed.weight),
      low: perSecond(closed.weight - margin),
      high: perSecond(closed.weight + margin),
      dispersion,
      heaviest,
    },
  };
}
