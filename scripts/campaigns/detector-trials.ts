/** Detectors on simulated traffic: how often they are wrong, and how long they take to be right. Pure. */
import {
  addToBaseline,
  baselineOf,
  type DetectorRule,
  predictedCusumDelay,
  predictedEwmaDelay,
  startBaseline,
  startDetector,
  weigh,
} from '../../src/observers/index.ts';
import { seededRandom } from '../random.ts';
import { type Arrivals, sampledTraffic } from './sampled-traffic.ts';

/** `cusum-measured` knows how bursty the traffic is, from a minute of it before. */
export const detectors = ['cusum', 'cusum-measured', 'cusum-below', 'ewma'] as const;
export type Detector = (typeof detectors)[number];

const samplingRate = 64;
const smoothingMs = 2000;
/** Times the threshold: of steady traffic on the safe side, and before a step. */
export const steadyLevel = { above: 0.8, below: 1.25 };
export const levelBefore = 0.3;
const stepAtMs = 20_000;
const longestWaitMs = 600_000;

export type Trial = { arrivals: Arrivals; samplesPerSecond: number; detector: Detector; seed: number };

/** Of steady traffic at `steadyLevel` of the threshold. */
export function falseAlarms(trial: Trial, minutes: number): number {
  const rule = ruleOf(trial);
  const level = trial.samplesPerSecond * (trial.detector === 'cusum-below' ? steadyLevel.below : steadyLevel.above);
  const endMs = minutes * 60_000;
  let state = startDetector(rule, 0);
  let alarms = 0;
  for (const interval of steadyTraffic(trial, level, endMs)) {
    const weighed = weigh(rule, state, interval);
    state = weighed.state;
    if (weighed.decided) alarms += 1;
  }
  return alarms;
}

export type DetectionDelays = {
  /** Seconds from the step to the datagram that decided, the exporter's own delay included, in order; Infinity where ten minutes did not suffice. */
  seconds: number[];
  /** Trials that had decided before there was a step. */
  early: number;
};

export function detectionDelays(trial: Trial, after: number, trials: number): DetectionDelays {
  const random = seededRandom(trial.seed);
  const waits = Array.from({ length: trials }, () => waitAfterStep(trial, after, random));
  const seconds = waits.filter((wait) => wait >= 0).sort((one, other) => one - other);
  return { seconds, early: trials - seconds.length };
}

/** Negative where the detector decided before the step. */
function waitAfterStep(trial: Trial, after: number, random: () => number): number {
  const { samplesPerSecond, arrivals } = trial;
  const rule = ruleOf(trial);
  const [before, level] = [levelBefore * samplesPerSecond, after * samplesPerSecond];
  const endMs = stepAtMs + longestWaitMs;
  let state = startDetector(rule, 0);
  for (const interval of sampledTraffic({ arrivals, before, after: level, stepAtMs, endMs, samplingRate, random })) {
    const weighed = weigh(rule, state, interval);
    state = weighed.state;
    if (weighed.decided) return (interval.toMs - stepAtMs) / 1000;
  }
  return Infinity;
}

/** What the documents promise for the same step. */
export function predictedDelay({ detector, samplesPerSecond }: Trial, after: number): { p50?: number; p95?: number } {
  const step = { samplesPerSecond, after, before: levelBefore };
  if (detector === 'ewma') return { p50: predictedEwmaDelay(step, smoothingMs) };
  return predictedCusumDelay(step) ?? {};
}

/** By nearest rank, of values in order. */
export function quantileOf(ordered: readonly number[], share: number): number {
  return ordered[Math.max(0, Math.ceil(share * ordered.length) - 1)] ?? NaN;
}

function steadyTraffic({ arrivals, seed }: Trial, level: number, endMs: number) {
  const random = seededRandom(seed);
  return sampledTraffic({ arrivals, before: level, after: level, stepAtMs: endMs, endMs, samplingRate, random });
}

function ruleOf(trial: Trial): DetectorRule {
  const threshold = trial.samplesPerSecond * samplingRate;
  const rearmMs = 1000;
  if (trial.detector === 'ewma') return { detector: 'ewma', threshold, smoothingMs, rearmMs };
  const dispersion = trial.detector === 'cusum-measured' ? measuredDispersion(trial) : 1;
  const side = trial.detector === 'cusum-below' ? 'below' : 'above';
  return { detector: 'cusum', side, threshold, sampleWeight: samplingRate, dispersion, rearmMs };
}

/** At low rates a minute holds too few samples, so that it takes longer. */
function measuredDispersion(trial: Trial): number {
  const level = trial.samplesPerSecond * steadyLevel.above;
  const minutes = Math.max(1, 300 / (level * 60));
  let state = startBaseline();
  for (const interval of steadyTraffic({ ...trial, seed: trial.seed + 1 }, level, minutes * 60_000)) {
    state = addToBaseline(state, interval);
  }
  const found = baselineOf(state);
  if (found.baseline === undefined) throw new Error(found.missing);
  return found.baseline.dispersion;
}
