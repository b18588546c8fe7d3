/** How often the detectors of sampled traffic are wrong, and how long they take to be right, on simulated traffic: no kernel, no clock. */
import {
  type Detector,
  detectionDelays,
  falseAlarms,
  levelBefore,
  predictedDelay,
  quantileOf,
  steadyLevel,
} from './detector-trials.ts';
import type { CampaignOptions, CampaignResult } from './result.ts';
import { type Arrivals, arrivals } from './sampled-traffic.ts';

const samplesPerSecond = [2, 10, 100];
const steps = [1.5, 2, 5];
const trials = 400;
const mostFalseAlarms = 1;
/** A step to five times the threshold must be decided well below this, in seconds, at ten samples a second and more. */
const slowestDecision = 1.5;

type Alarms = { arrivals: Arrivals; detector: Detector; counts: number[] };
type Delays = {
  arrivals: Arrivals;
  detector: Detector;
  samplesPerSecond: number;
  step: number;
  p50: number;
  p95: number;
  early: number;
  predicted: { p50?: number; p95?: number };
};

/** @param options `minutes` are those of the simulated traffic of each row and rate */
export function sflowFalseAlarms({ seed, minutes, say }: CampaignOptions): Promise<CampaignResult> {
  const alarms: Alarms[] = [];
  const delays: Delays[] = [];
  for (const kind of arrivals) {
    for (const detector of ['cusum', 'cusum-measured', 'cusum-below', 'ewma'] as const) {
      const counts = samplesPerSecond.map((rate) =>
        falseAlarms({ arrivals: kind, detector, samplesPerSecond: rate, seed: seed + rate }, minutes),
      );
      alarms.push({ arrivals: kind, detector, counts });
      say(`${kind} ${detector}: ${counts.join(', ')} false alarms`);
    }
    for (const detector of ['cusum', 'ewma'] as const) delays.push(...delaysOf(kind, detector, seed));
    say(`${kind}: delays measured`);
  }
  const problems = [...alarmProblems(alarms), ...delayProblems(delays)];
  const data = {
    seed,
    minutes,
    trials,
    alarms,
    delays: delays.map((one) => ({ ...one, p95: finite(one.p95), p50: finite(one.p50) })),
  };
  return Promise.resolve({ problems, text: describe(alarms, delays, seed, minutes), data });
}

function delaysOf(kind: Arrivals, detector: Detector, seed: number): Delays[] {
  return samplesPerSecond.flatMap((rate) =>
    steps.map((step) => {
      const trial = { arrivals: kind, detector, samplesPerSecond: rate, seed: seed + 1000 * step + rate };
      const { seconds: found, early } = detectionDelays(trial, step, trials);
      const [p50, p95] = [quantileOf(found, 0.5), quantileOf(found, 0.95)];
      return { arrivals: kind, detector, samplesPerSecond: rate, step, p50, p95, early, predicted: predictedDelay(trial, step) };
    }),
  );
}

/** What is promised: of steady Poisson traffic the default detector, of any of these the one that knows how bursty it is. */
function alarmProblems(alarms: readonly Alarms[]): string[] {
  return alarms
    .filter((row) => row.detector === 'cusum-measured' || (row.detector !== 'ewma' && row.arrivals === 'poisson'))
    .filter(({ counts }) => sum(counts) > mostFalseAlarms)
    .map(
      (row) =>
        `${row.arrivals}, ${row.detector}: ${String(sum(row.counts))} false alarms; expected at most ${String(mostFalseAlarms)}`,
    );
}

function delayProblems(delays: readonly Delays[]): string[] {
  return delays
    .filter(({ detector, step, samplesPerSecond: rate }) => detector === 'cusum' && step >= 5 && rate >= 10)
    .filter(({ p95 }) => !(p95 < slowestDecision))
    .map(
      (row) =>
        `${row.arrivals}, T/N ${String(row.samplesPerSecond)}, step to ${String(row.step)} T: p95 ${seconds(row.p95)}; expected below ${String(slowestDecision)} s`,
    );
}

function describe(alarms: readonly Alarms[], delays: readonly Delays[], seed: number, minutes: number): string {
  const hours = Number((minutes / 60).toFixed(1));
  return [
    `Simulated traffic, seed ${String(seed)}: samples batched as Open vSwitch batches them (with the seventh, or once a second). Poisson arrivals, waves (twice the rate for 50 ms of each 100 ms) and trains of packets (on average a quarter of the sampling rate long, and long ones as long as it).`,
    '',
    `False alarms in ${String(hours)} hours of steady traffic at ${String(steadyLevel.above)} of the threshold T (\`cusum-below\`: at ${String(steadyLevel.below)} of it), at three rates of T/N samples a second. \`cusum\` is the default detector; \`cusum-measured\` is the same after a baseline that measured how bursty the traffic is; \`ewma\` with t = 2 s is sFlow-RT's own behaviour.`,
    '',
    `| arrivals | detector | ${samplesPerSecond.map((rate) => `T/N ${String(rate)}`).join(' | ')} |`,
    `| --- | --- | ${samplesPerSecond.map(() => '---').join(' | ')} |`,
    ...alarms.map((row) => `| ${row.arrivals} | ${row.detector} | ${row.counts.map(String).join(' | ')} |`),
    '',
    `Held, with at most ${String(mostFalseAlarms)} in all three: ${named(alarms, true)}. Not held: ${named(alarms, false)}.`,
    '',
    `Seconds from a step, ${String(levelBefore)} T before, to the datagram that decided, so with the exporter's own delay: median and 95th percentile of ${String(trials)} steps, beside those predicted (of \`ewma\` the mean response, without exporter). "never": not within ten minutes. "Early": of these steps, those before which the detector had fired already; they are in no other column.`,
    '',
    '| arrivals | T/N | step to | cusum p50 (predicted) | cusum p95 (predicted) | cusum early | ewma p50 (predicted) | ewma p95 | ewma early |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...delayRows(delays),
  ].join('\n');
}

function named(alarms: readonly Alarms[], held: boolean): string {
  const rows = alarms.filter(({ counts }) => sum(counts) <= mostFalseAlarms === held);
  return rows.map((row) => `${row.detector} with ${row.arrivals}`).join(', ') || 'none';
}

function delayRows(delays: readonly Delays[]): string[] {
  const ofEwma = delays.filter(({ detector }) => detector === 'ewma');
  return delays
    .filter(({ detector }) => detector === 'cusum')
    .map((row) => {
      const beside = ofEwma.find(
        (one) => one.arrivals === row.arrivals && one.samplesPerSecond === row.samplesPerSecond && one.step === row.step,
      );
      const cells = [
        row.arrivals,
        String(row.samplesPerSecond),
        `${String(row.step)} T`,
        `${seconds(row.p50)} (${seconds(row.predicted.p50)})`,
        `${seconds(row.p95)} (${seconds(row.predicted.p95)})`,
        String(row.early),
        `${seconds(beside?.p50)} (${seconds(beside?.predicted.p50)})`,
        seconds(beside?.p95),
        String(beside?.early),
      ];
      return `| ${cells.join(' | ')} |`;
    });
}

function seconds(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? 'never' : value.toFixed(2);
}

/** JSON has no Infinity. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
