import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSecondAggregator, type NumberedSample } from '../../src/probes/index.ts';

const probe = (number: number, sentAt: number, rttMs?: number): NumberedSample => ({ stream: 's', number, sentAt, rttMs });

describe('createSecondAggregator', () => {
  it('gives out a second only when all its probes are settled, however late', () => {
    const aggregator = createSecondAggregator();
    expect(aggregator.add(probe(0, 10_100, 1))).toEqual([]);
    expect(aggregator.add(probe(2, 11_100, 1))).toEqual([]);
    expect(aggregator.add(probe(3, 12_100, 1))).toEqual([]);
    expect(aggregator.add(probe(1, 10_900)).map(({ second, sent, lost }) => ({ second, sent, lost }))).toEqual([
      { second: 10, sent: 2, lost: 1 },
      { second: 11, sent: 1, lost: 0 },
    ]);
    expect(aggregator.end().map(({ second }) => second)).toEqual([12]);
  });

  it('never counts a probe that has one ahead of it open, and none twice', () => {
    const aggregator = createSecondAggregator();
    aggregator.add(probe(0, 10_000, 1));
    aggregator.add(probe(0, 10_000));
    aggregator.add(probe(2, 10_400, 1));
    expect(aggregator.end()).toMatchObject([{ second: 10, sent: 1, lost: 0 }]);
  });

  it('keeps seconds in order when the clock jumps back', () => {
    const aggregator = createSecondAggregator();
    aggregator.add(probe(0, 20_000, 1));
    expect(aggregator.add(probe(1, 15_000, 1))).toEqual([]);
    expect(aggregator.add(probe(2, 21_000, 1))).toMatchObject([{ second: 20, sent: 2 }]);
  });

  it('gives the same seconds in whatever order the samples come', () => {
    const samples = fc.array(fc.option(fc.double({ min: 0.01, max: 500, noNaN: true }), { nil: undefined }), { maxLength: 60 });
    fc.assert(
      fc.property(
        samples.chain((rtts) => {
          const probes = rtts.map((rttMs, number) => probe(number, 5_000 + number * 130, rttMs));
          return fc.tuple(fc.constant(probes), fc.shuffledSubarray(probes, { minLength: probes.length }));
        }),
        ([inOrder, shuffled]) => {
          const secondsOf = (probes: NumberedSample[]) => {
            const aggregator = createSecondAggregator();
            return [...probes.flatMap((one) => aggregator.add(one)), ...aggregator.end()];
          };
          expect(secondsOf(shuffled)).toEqual(secondsOf(inOrder));
        },
      ),
    );
  });
});
