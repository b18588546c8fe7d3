import { describe, expect, it } from 'vitest';
import type { TrafficAmount } from '../../../src/api/index.ts';
import { trafficChange } from '../../../src/report/traffic/change.ts';
import { amount, phaseTraffic, sampleTraffic } from './sample-traffic.ts';

const changeOf = (before: TrafficAmount, during: TrafficAmount) =>
  trafficChange({ phases: [phaseTraffic('before', 10, before), phaseTraffic('during', 10, during)] });

describe('what a fault made of traffic', () => {
  it('has frames a second of targets and of others by phase, and what became of both', () => {
    const { targets, others } = trafficChange(sampleTraffic());
    expect(targets).toMatchObject({
      byPhase: { before: 1280, during: 320, after: 1216 },
      ratio: { direction: 'fell', value: 0.25 },
    });
    expect(others).toMatchObject({
      byPhase: { before: 2560, during: 2624, after: 2528 },
      ratio: { direction: 'unshown', value: 1.025 },
    });
  });

  it('has the connections that were tried, and the frames, for each megabyte of payload of the targets', () => {
    const { connectionAttempts, frames } = trafficChange(sampleTraffic()).amplification;
    // 20 of 150 samples with 1448 bytes each, and 60 of 40.
    expect(connectionAttempts.byPhase.before).toBeCloseTo((20 / 150 / 1448) * 1e6, 6);
    expect(connectionAttempts.byPhase.during).toBeCloseTo((60 / 40 / 1448) * 1e6, 6);
    expect(connectionAttempts.ratio).toMatchObject({ direction: 'rose' });
    expect('value' in connectionAttempts.ratio && connectionAttempts.ratio.value).toBeCloseTo(11.25, 6);
    expect('value' in frames.ratio && frames.ratio.value).toBeCloseTo(150 / 40 / (200 / 150), 6);
  });

  it.each([
    ['nothing got through', { payload: 0, attempts: 50 }, 'no payload of the targets was sampled during the fault'],
    [
      'hardly anything got through',
      { payload: 7, attempts: 50 },
      'too few samples with payload of the targets during the fault; expected at least 8 of equal weight',
    ],
    [
      'hardly a connection was tried',
      { payload: 100, attempts: 3 },
      '2 sampled before and 3 during; expected at least 8 in one of them',
    ],
  ])('leaves amplification undecided where %s', (_what, during, why) => {
    const { connectionAttempts } = changeOf(amount(200, { payload: 100, attempts: 2 }), amount(200, during)).amplification;
    expect(connectionAttempts.ratio).toEqual({ direction: 'undecided', why });
  });

  it('tells of a storm of connections also where none was tried before', () => {
    const { connectionAttempts } = changeOf(
      amount(200, { payload: 100 }),
      amount(200, { payload: 100, attempts: 40 }),
    ).amplification;
    expect(connectionAttempts.ratio).toMatchObject({ direction: 'rose', value: null, high: null });
  });

  it('doubts an amplification more where payloads differ in size', () => {
    const during = amount(200, { payload: 40, attempts: 60 });
    const evenSamples = { frames: during.samples, payloadBytes: 9 };
    const ratios = [during, { ...during, evenSamples }].map((one) => {
      const { ratio } = changeOf(amount(200, { payload: 150, attempts: 20 }), one).amplification.connectionAttempts;
      if (ratio.direction === 'undecided') throw new Error(ratio.why);
      return ratio;
    });
    expect(ratios[1]?.low).toBeLessThan(ratios[0]?.low ?? 0);
    expect(ratios[1]?.high).toBeGreaterThan(ratios[0]?.high ?? Infinity);
  });

  it.each([
    ['before', [phaseTraffic('during', 10, amount(100))]],
    ['during', [phaseTraffic('before', 10, amount(100)), phaseTraffic('during', 0, amount(0))]],
    ['before', []],
  ])('is undecided where nothing was watched %s the fault', (when, phases) => {
    const { targets, amplification } = trafficChange({ phases });
    expect(targets.ratio).toEqual({ direction: 'undecided', why: `nothing was watched ${when} the fault` });
    expect(amplification.frames.ratio).toEqual(targets.ratio);
    expect(targets.byPhase.after).toBeNull();
  });

  it('never compares what was seen at two places, but what one saw with the silence of it', () => {
    const [left, right] = ['left', 'right'].map((source) => ({ ...amount(100, { payload: 50, attempts: 20 }), source }));
    if (left === undefined || right === undefined) throw new Error('expected two');
    const why = 'it was seen at left before and at right during the fault: two places cannot be compared';
    const { targets, others, amplification } = trafficChange({
      phases: [phaseTraffic('before', 10, left, right), phaseTraffic('during', 10, right, right)],
    });
    for (const { ratio } of [targets, amplification.connectionAttempts, amplification.frames]) {
      expect(ratio).toEqual({ direction: 'undecided', why });
    }
    expect(others.ratio).toMatchObject({ direction: 'unshown' });
    expect(changeOf(left, { ...amount(0), source: 'left' }).targets.ratio).toMatchObject({ direction: 'fell', value: 0 });
    expect(changeOf(left, amount(0)).targets.ratio).toMatchObject({ direction: 'fell', value: 0 });
  });

  it('counts samples of several sampling rates as fewer', () => {
    const even = amount(100);
    const uneven = { ...even, evenSamples: { frames: 10, payloadBytes: 0 } };
    const widths = [even, uneven].map((during) => {
      const { ratio } = changeOf(even, during).targets;
      return 'low' in ratio ? (ratio.high ?? Infinity) - ratio.low : 0;
    });
    expect(widths[1]).toBeGreaterThan(2 * (widths[0] ?? Infinity));
  });
});
