/** A threshold and what its detectors say, of itself or for a run. */
import type { DetectorRule } from '../../detect/detector.ts';
import { createThresholdWatch, type RuleOfSource, type ThresholdEvent, type ThresholdWatch } from '../../detect/watch.ts';
import type { TableChange } from '../../flows/table.ts';
import type { NetworkCrossing, WatchedThreshold } from '../../network-observer.ts';

export type JudgedThreshold = Pick<ThresholdWatch, 'watchFrom' | 'watched' | 'heaviestAt' | 'forgetSource' | 'size'> & {
  observe: (change: TableChange) => ThresholdEvent[];
  /** The condition was met within the time to arm again. */
  isFiring: (nowMs: number) => boolean;
  lastCrossing: NetworkCrossing | undefined;
};

/** At least so long a threshold is shown as firing. */
const leastFiringMs = 1000;

export function startJudging(threshold: WatchedThreshold, rule: DetectorRule | RuleOfSource): JudgedThreshold {
  const watch = createThresholdWatch(rule);
  const { byFlow, rearmMs } = threshold;
  return {
    observe: (change) => {
      const metBeforeMs = watch.lastMetMs();
      const events = watch.observe(change.source, change);
      if (byFlow || events.length === 0) return events;
      const isSameEvent = metBeforeMs !== undefined && change.total.toMs - metBeforeMs < rearmMs;
      return isSameEvent ? [] : events.slice(0, 1);
    },
    isFiring: (nowMs) => {
      const metMs = watch.lastMetMs();
      return metMs !== undefined && nowMs - metMs < Math.max(rearmMs, leastFiringMs);
    },
    watchFrom: watch.watchFrom,
    watched: watch.watched,
    heaviestAt: watch.heaviestAt,
    forgetSource: watch.forgetSource,
    size: watch.size,
    lastCrossing: undefined,
  };
}

/** @param limit in the metric's unit a second */
export function ruleOf(threshold: WatchedThreshold, smoothingMs: number, limit: number, dispersion?: number): DetectorRule {
  const { detector, condition, rearmMs } = threshold;
  if (detector === 'ewma') return { detector, threshold: limit, smoothingMs, rearmMs };
  // The weight of a sample is learned from the first on, since nobody knows the sampling rate before.
  return { detector, side: condition, threshold: limit, sampleWeight: 1, dispersion, rearmMs };
}
