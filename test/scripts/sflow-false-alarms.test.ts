import { describe, expect, it } from 'vitest';
import {
  type Detector,
  detectionDelays,
  falseAlarms,
  predictedDelay,
  quantileOf,
} from '../../scripts/campaigns/detector-trials.ts';

/** A sample of the campaign sflow-false-alarms: an hour of its twenty, and 60 of its 400 steps. */
const trial = (samplesPerSecond: number, detector: Detector) => ({
  arrivals: 'poisson' as const,
  samplesPerSecond,
  detector,
  seed: 7,
});

describe('detectors on an hour of simulated traffic at 0.8 of the threshold', () => {
  it.each([2, 10, 100])('raise no alarm by default, at %d samples a second at the threshold', (rate) => {
    expect(falseAlarms(trial(rate, 'cusum'), 60)).toBe(0);
    expect(falseAlarms(trial(rate, 'cusum-measured'), 60)).toBe(0);
    expect(falseAlarms(trial(rate, 'cusum-below'), 60)).toBe(0);
  });

  it('raise none of bursty traffic where a baseline has measured that, and many where not', () => {
    expect(falseAlarms({ ...trial(100, 'cusum-measured'), arrivals: 'long-trains' }, 60)).toBe(0);
    expect(falseAlarms({ ...trial(100, 'cusum'), arrivals: 'long-trains' }, 60)).toBeGreaterThan(10);
  });

  it.each([2, 10])('raise hundreds of them by the smoothed value alone, at %d samples a second', (rate) => {
    expect(falseAlarms(trial(rate, 'ewma'), 60)).toBeGreaterThan(100);
  });
});

describe('the default detector on a simulated step', () => {
  it.each([10, 100])(
    'to five times the threshold decides well within 1.5 s at %d samples a second, exporter included',
    (rate) => {
      const { seconds, early } = detectionDelays(trial(rate, 'cusum'), 5, 60);
      expect(early).toBe(0);
      expect(quantileOf(seconds, 0.95)).toBeLessThan(1.2);
    },
  );

  it.each([
    [2, 2],
    [10, 1.5],
    [10, 5],
    [100, 2],
  ])('at %d samples a second and to %d times the threshold takes as long as was predicted', (rate, step) => {
    const { seconds } = detectionDelays(trial(rate, 'cusum'), step, 200);
    const predicted = predictedDelay(trial(rate, 'cusum'), step);
    expect(quantileOf(seconds, 0.5) / (predicted.p50 ?? NaN)).toBeGreaterThan(0.7);
    expect(quantileOf(seconds, 0.5) / (predicted.p50 ?? NaN)).toBeLessThan(1.4);
    expect(quantileOf(seconds, 0.95) / (predicted.p95 ?? NaN)).toBeGreaterThan(0.7);
    expect(quantileOf(seconds, 0.95) / (predicted.p95 ?? NaN)).toBeLessThan(1.4);
  });
});
