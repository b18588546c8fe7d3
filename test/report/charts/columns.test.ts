import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answeredRuns, columnsOf } from '../../../src/report/charts/columns.ts';
import type { TimedSample } from '../../../src/report/evidence.ts';

const span = 10_000;
const journalSamples = fc
  .array(fc.tuple(fc.integer({ min: 0, max: span }), fc.option(fc.double({ min: 0, max: 5000, noNaN: true }))), {
    maxLength: 300,
  })
  .map((samples) => samples.toSorted(([a], [b]) => a - b) satisfies TimedSample[]);

describe('columnsOf', () => {
  it('keeps every loss, every extreme and the order, in no more columns than asked', () => {
    fc.assert(
      fc.property(journalSamples, fc.integer({ min: 1, max: 400 }), (samples, count) => {
        const columns = columnsOf(samples, 0, span, count);
        const answered = samples.flatMap(([, rtt]) => rtt ?? []);
        expect(columns.length).toBeLessThanOrEqual(count);
        expect(columns.reduce((sum, { sent }) => sum + sent, 0)).toBe(samples.length);
        expect(columns.reduce((sum, { lost }) => sum + lost, 0)).toBe(samples.length - answered.length);
        expect(Math.max(...columns.flatMap(({ greatest }) => greatest ?? []))).toBe(Math.max(...answered));
        expect(Math.min(...columns.flatMap(({ least }) => least ?? []))).toBe(Math.min(...answered));
        expect(columns.map(({ at }) => at)).toEqual(columns.map(({ at }) => at).sort((a, b) => a - b));
      }),
    );
  });

  it('leaves out what lies outside the span', () => {
    expect(
      columnsOf(
        [
          [-1, 1],
          [5, 2],
          [11, 3],
        ],
        0,
        10,
        4,
      ),
    ).toEqual([{ at: 5, sent: 1, lost: 0, least: 2, mean: 2, greatest: 2 }]);
  });
});

describe('answeredRuns', () => {
  it.each([
    [
      'breaks at a lost probe',
      [
        [0, 1],
        [200, null],
        [400, 1],
      ],
      [1, 1],
    ],
    [
      'breaks where nothing was sent for long',
      [
        [0, 1],
        [200, 1],
        [400, 1],
        [5000, 1],
      ],
      [3, 1],
    ],
    [
      'joins answered probes',
      [
        [0, 1],
        [200, 1],
        [400, 1],
      ],
      [3],
    ],
    [
      'has nothing to join when all were lost',
      [
        [0, null],
        [200, null],
      ],
      [],
    ],
  ] satisfies [string, TimedSample[], number[]][])('%s', (_title, samples, lengths) => {
    expect(answeredRuns(columnsOf(samples, 0, span, span)).map((run) => run.length)).toEqual(lengths);
  });
});
