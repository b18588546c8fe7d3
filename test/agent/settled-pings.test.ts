import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSettledPings } from '../../src/agent/settled-pings.ts';

describe('pings to a peer', () => {
  it('are counted once all that were sent before are settled', () => {
    const pings = createSettledPings();
    pings.settle(1, 'answered');
    pings.settle(2, 'answered');
    pings.repeat(2);
    expect(pings.counts).toEqual({ answered: 0, lost: 0, duplicates: 0 });
    pings.settle(0, 'lost');
    expect(pings.counts).toEqual({ answered: 2, lost: 1, duplicates: 1 });
    pings.repeat(1);
    pings.settle(1, 'lost');
    expect(pings.counts).toEqual({ answered: 2, lost: 1, duplicates: 2 });
  });

  it('are counted the same in whatever order they settle', () => {
    const outcomes = fc.array(fc.constantFrom('answered' as const, 'lost' as const), { maxLength: 30 });
    fc.assert(
      fc.property(
        outcomes.chain((sent) => fc.tuple(fc.constant(sent), fc.shuffledSubarray([...sent.keys()], { minLength: sent.length }))),
        ([sent, order]) => {
          const pings = createSettledPings();
          for (const number of order) pings.settle(number, sent[number] ?? 'lost');
          const lost = sent.filter((outcome) => outcome === 'lost').length;
          expect(pings.counts).toEqual({ answered: sent.length - lost, lost, duplicates: 0 });
        },
      ),
    );
  });
});
