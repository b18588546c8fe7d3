/** A threshold that may abort a run: with detectors of its own, and with what was normal before the fault where it is relative to that. */
import type { Phase } from '../../../api/index.ts';
import type { Baseline } from '../../detect/baseline.ts';
import { thresholdOver } from '../../detect/relative.ts';
import type { ThresholdEvent } from '../../detect/watch.ts';
import type { TableChange } from '../../flows/table.ts';
import type { NetworkCrossing, WatchedThreshold } from '../../network-observer.ts';
import { type Baselines, startBaselines } from './baselines.ts';
import { type JudgedThreshold, ruleOf, startJudging } from './judged-threshold.ts';
import type { RunningFlow } from './running-flow.ts';

/** What the threshold is compared with; `missing`: why there is nothing. */
export type ArmedLimit =
  | { kind: 'absolute'; limit: number }
  | { kind: 'learning'; missing: string }
  | { kind: 'relative'; limit: number; baseline: Baseline; isFrozen: boolean }
  | { kind: 'unknown'; missing: string };

export type ArmedThreshold = {
  run: string;
  armedMs: number;
  threshold: WatchedThreshold;
  running: RunningFlow;
  /** Whether the flow is the subscription's, or of this arming without the run's targets. */
  hasOwnFlow: boolean;
  enter: (phase: Phase, nowMs: number) => void;
  observe: (change: TableChange, heardSinceMs: number) => ThresholdEvent[];
  limitAt: (nowMs: number) => ArmedLimit;
  /** Below, also while the threshold by itself is, where that judges the same flow: traffic may have ended before the arming. */
  isFiring: (nowMs: number) => boolean;
  /** What a sample has weighed at most of late, in the metric's unit; 0 before there was one. */
  heaviestAt: (nowMs: number) => number;
  forgetSource: (source: string) => void;
  /** The first; kept as long as the arming is. */
  crossing: NetworkCrossing | undefined;
};

type Start = {
  run: string;
  threshold: WatchedThreshold;
  running: RunningFlow;
  hasOwnFlow: boolean;
  /** What judges the threshold by itself; undefined where it is relative. */
  byItself: JudgedThreshold | undefined;
  phase: Phase;
  nowMs: number;
};

export function armThreshold({ run, threshold, running, hasOwnFlow, byItself, phase, nowMs }: Start): ArmedThreshold {
  const { smoothingMs } = running.flow;
  const { timesBaseline, condition } = threshold;
  let baselines: Baselines | undefined = timesBaseline === undefined ? undefined : startBaselines(condition, nowMs);
  let frozen: ArmedLimit | undefined;
  let judged: JudgedThreshold | undefined =
    timesBaseline === undefined ? startJudging(threshold, ruleOf(threshold, smoothingMs, threshold.value)) : undefined;

  // Traffic that has ended before the arming is in no table any more, but it is missed.
  const ofSameFlow = hasOwnFlow || condition === 'above' ? undefined : byItself;
  if (ofSameFlow !== undefined) judged?.watchFrom(ofSameFlow.watched(nowMs), nowMs);

  const limitOver = (times: number, baseline: Baseline): number =>
    thresholdOver({ side: condition, timesBaseline: times, atLeast: threshold.value }, baseline);

  function limitAt(atMs: number): ArmedLimit {
    if (frozen !== undefined) return frozen;
    if (timesBaseline === undefined || baselines === undefined) return { kind: 'absolute', limit: threshold.value };
    const found = baselines.largest(atMs);
    if (found.baseline === undefined) return { kind: 'learning', missing: found.missing };
    const { baseline } = found;
    return { kind: 'relative', limit: limitOver(timesBaseline, baseline), baseline, isFrozen: false };
  }

  /** From now on the fault changes the traffic: what is normal is not learned any more. */
  function freeze(atMs: number): void {
    if (timesBaseline === undefined || baselines === undefined || frozen !== undefined) return;
    const found = limitAt(atMs);
    if (found.kind !== 'relative') {
      frozen = { kind: 'unknown', missing: found.kind === 'learning' ? found.missing : '' };
    } else {
      frozen = { ...found, isFrozen: true };
      const bySource = [...baselines.bySource(atMs)];
      const rules = new Map(
        bySource.map(([source, baseline]) => [
          source,
          ruleOf(threshold, smoothingMs, limitOver(timesBaseline, baseline), baseline.dispersion),
        ]),
      );
      const ofLargest = ruleOf(threshold, smoothingMs, found.limit, found.baseline.dispersion);
      // Below, a source is compared with itself: it may always have carried less than another.
      judged = startJudging(threshold, condition === 'below' ? (source) => rules.get(source) : ofLargest);
      // The fault may end the traffic at once: a source that has a baseline is not waited for.
      judged.watchFrom(new Map(bySource.map(([source, { heaviest }]) => [source, heaviest])), atMs);
    }
    baselines = undefined;
  }

  if (phase !== 'before') freeze(nowMs);

  return {
    run,
    armedMs: nowMs,
    threshold,
    running,
    hasOwnFlow,
    enter: (next, atMs) => {
      if (next !== 'before') freeze(atMs);
    },
    observe: (change, heardSinceMs) => {
      baselines?.add(change, heardSinceMs);
      return judged?.observe(change) ?? [];
    },
    limitAt,
    isFiring: (atMs) => judged?.isFiring(atMs) === true || ofSameFlow?.isFiring(atMs) === true,
    heaviestAt: (atMs) => judged?.heaviestAt(atMs) ?? 0,
    forgetSource: (source) => judged?.forgetSource(source),
    crossing: undefined,
  };
}
