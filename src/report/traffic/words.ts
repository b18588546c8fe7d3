import type { ComparedTraffic, TrafficAmount, TrafficChange, TrafficRatio, UndecidedRatio } from '../../api/index.ts';
import { formatCount, formatNumber, formatPercent } from '../text.ts';

export type TrafficSentence = { about: 'targets' | 'others' | 'amplification'; text: string };

/** `targets`: `1,200 → 310 frames/s, −74 % (95 % interval −76 to −72 %)`, and the same of others and of amplification. */
export function describeTraffic({ targets, others, amplification }: TrafficChange): TrafficSentence[] {
  return [
    { about: 'targets', text: describeRate(targets) },
    { about: 'others', text: describeRate(others) },
    { about: 'amplification', text: describeAmplification(amplification.connectionAttempts) },
  ];
}

/** All of it as one line. */
export function trafficLine(change: TrafficChange): string {
  return describeTraffic(change)
    .map(({ about, text }) => `${about}: ${text}`)
    .join('; ');
}

function describeRate({ byPhase: { before, during }, ratio }: ComparedTraffic): string {
  return `${describeFrames(before)} → ${describeFrames(during)} frames/s, ${describePercents(ratio)}`;
}

export function describeFrames(framesPerSecond: number | null): string {
  if (framesPerSecond === null) return '?';
  return framesPerSecond >= 10 ? formatCount(framesPerSecond) : formatNumber(framesPerSecond);
}

function describeAmplification({ byPhase: { before, during }, ratio }: ComparedTraffic): string {
  return `${describeWork(during)} connection attempts per MB against ${describeWork(before)}, ${describeTimes(ratio)}`;
}

export function describeWork(perMegabyte: number | null): string {
  if (perMegabyte === null) return '?';
  return perMegabyte >= 10 ? formatCount(perMegabyte) : formatNumber(Number(perMegabyte.toFixed(1)));
}

/** As a change: `+2 %, not shown to differ (95 % interval −7 to +11 %)`. */
export function describePercents(ratio: TrafficRatio | UndecidedRatio): string {
  return describeRatio(ratio, (times) => {
    const percent = formatPercent(100 * Math.abs(times - 1));
    return `${times < 1 ? '−' : '+'}${percent}`;
  });
}

/** As a quotient: `× 6.1 (95 % interval × 3.2 to × 11)`. */
export function describeTimes(ratio: TrafficRatio | UndecidedRatio): string {
  return describeRatio(ratio, (times) => `× ${formatNumber(times)}`);
}

function describeRatio(ratio: TrafficRatio | UndecidedRatio, written: (times: number) => string): string {
  if (ratio.direction === 'undecided') return `undecided: ${ratio.why}`;
  const { direction, value, low, high } = ratio;
  const doubt = direction === 'unshown' ? ', not shown to differ' : '';
  const upper = high === null ? 'without bound' : written(high);
  return `${value === null ? 'from nothing sampled' : written(value)}${doubt} (95 % interval ${written(low)} to ${upper})`;
}

/** Frames' 95 % error in percent: 196 · √(1/c) of c samples of equal weight; undefined of none. */
export function framesErrorPercent({ samples, evenSamples }: Pick<TrafficAmount, 'samples' | 'evenSamples'>): number | undefined {
  const even = evenSamples?.frames ?? samples;
  return even > 0 ? 196 / Math.sqrt(even) : undefined;
}
