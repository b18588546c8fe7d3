import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { detectionPower } from '../../../src/observers/index.ts';

const ofTalk = { threshold: 100, smoothingMs: 2000, samplingRate: 64, packetValue: 1 };

describe('whether a threshold can be decided at a sampling rate', () => {
  it.each([
    ["the talk's 100 frames/s at one packet of 64", ofTalk, 'refused', 6.25, 8],
    ['at one of 50, just enough not to be refused', { ...ofTalk, samplingRate: 50 }, 'warned', 8, 8],
    ['at one of 8, just enough not to be warned of', { ...ofTalk, samplingRate: 8 }, 'enough', 50, 8],
    ['a longer smoothing', { ...ofTalk, smoothingMs: 10_000 }, 'warned', 31.25, 40],
    ['a threshold in bytes', { ...ofTalk, threshold: 1_000_000, packetValue: 1518 }, 'warned', 41.17, 52],
    ['so low a threshold that every packet would be too few', { ...ofTalk, threshold: 1 }, 'refused', 0.0625, undefined],
  ] as const)('%s', (_title, sampling, judgement, samples, samplingRateThatWouldDo) => {
    const power = detectionPower(sampling);
    expect(power).toMatchObject({ judgement, samplingRateThatWouldDo });
    expect(power.samples).toBeCloseTo(samples, 2);
  });

  it('says what would do', () => {
    expect(detectionPower(ofTalk).message).toBe(
      'threshold 100 at sampling rate 64 rests on 6.3 samples (95 % error 78 %); expected at least 8; sample one packet of 8 or fewer, or raise the threshold',
    );
    expect(detectionPower({ ...ofTalk, threshold: 1 }).message).toContain(
      'not even sampling every packet would do: raise the threshold',
    );
    expect(detectionPower({ ...ofTalk, samplingRate: 8 }).message).toBe('');
  });

  it('names the largest sampling rate that is not warned of', () => {
    const threshold = fc.integer({ min: 25, max: 1_000_000 });
    fc.assert(
      fc.property(threshold, fc.integer({ min: 1, max: 100_000 }), (value, samplingRate) => {
        const largest = detectionPower({ ...ofTalk, threshold: value, samplingRate }).samplingRateThatWouldDo ?? NaN;
        const at = (rate: number) => detectionPower({ ...ofTalk, threshold: value, samplingRate: rate }).judgement;
        expect(at(largest)).toBe('enough');
        expect(at(largest + 1)).not.toBe('enough');
      }),
    );
  });
});
