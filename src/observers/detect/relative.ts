/** Thresholds that are given as a multiple of the baseline. The baseline is frozen while a fault is in: the fault changes traffic itself. */
import type { Baseline } from './baseline.ts';
import type { CusumSide } from './cusum.ts';

export type RelativeThreshold = {
  side: CusumSide;
  /** Multiple of the baseline: above 1 for `above`, below 1 for `below`. */
  timesBaseline: number;
  /** The threshold is never less far out than this; in the metric's unit a second. */
  atLeast?: number;
};

/**
 * In the metric's unit a second. The bound of the baseline that is nearer to the threshold is what is multiplied, so that an error of the
 * baseline never makes the threshold tighter than was asked for.
 */
export function thresholdOver({ side, timesBaseline, atLeast }: RelativeThreshold, baseline: Baseline): number {
  if (side === 'below') return Math.min(timesBaseline * baseline.low, atLeast ?? Infinity);
  return Math.max(timesBaseline * baseline.high, atLeast ?? 0);
}
