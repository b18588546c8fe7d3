import { describe, expect, it } from 'vitest';
import { trafficChange } from '../../../src/report/traffic/change.ts';
import { describePercents, describeTimes, framesErrorPercent, trafficLine } from '../../../src/report/traffic/words.ts';
import { amount, sampleTraffic } from './sample-traffic.ts';

describe('traffic in words', () => {
  it('says of targets, of others and of amplification what it was and what it became', () => {
    expect(trafficLine(trafficChange(sampleTraffic()))).toMatch(
      /^targets: 1,280 → 320 frames\/s, −75 % \(95 % interval −\S+ % to −\S+ %\); others: 2,560 → 2,624 frames\/s, \+2.5 %, not shown to differ \(95 % interval −\S+ % to \+\S+ %\); amplification: 1,036 connection attempts per MB against 92, × 11.3 \(95 % interval × \S+ to × \S+\)$/,
    );
  });

  it('says where there is no telling', () => {
    expect(trafficLine(trafficChange({ phases: [] }))).toBe(
      'targets: ? → ? frames/s, undecided: nothing was watched before the fault; ' +
        'others: ? → ? frames/s, undecided: nothing was watched before the fault; ' +
        'amplification: ? connection attempts per MB against ?, undecided: nothing was watched before the fault',
    );
  });

  it.each([
    [
      { direction: 'rose' as const, value: null, low: 3.2, high: null },
      'from nothing sampled (95 % interval × 3.2 to without bound)',
      describeTimes,
    ],
    [{ direction: 'fell' as const, value: 0, low: 0, high: 0.01 }, '−100 % (95 % interval −100 % to −99 %)', describePercents],
    [
      { direction: 'unshown' as const, value: 1, low: 0.9, high: 1.12 },
      '+0 %, not shown to differ (95 % interval −10 % to +12 %)',
      describePercents,
    ],
  ])('writes intervals with their bounds (%#)', (ratio, words, written) => {
    expect(written(ratio)).toBe(words);
  });

  it('has the error that sampling statistics give: 196 / √samples percent where all weigh the same', () => {
    expect(framesErrorPercent(amount(100))).toBeCloseTo(19.6, 9);
    expect(framesErrorPercent({ samples: 100 })).toBeCloseTo(19.6, 9);
    expect(framesErrorPercent(amount(0))).toBeUndefined();
  });
});
