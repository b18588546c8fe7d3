import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { impairmentOf } from '../../src/faults/catalogue.ts';
import { composeImpairments, longestDelayMs } from '../../src/faults/impairment.ts';
import { burstTransitions } from '../../src/faults/tree.ts';
import { corrupt, delay, duplicate, loss, partition, rate, reorder, slot } from './works.ts';

describe('composition', () => {
  it.each([
    ['two delays', [delay(100), delay(50)], { delayMs: 150, jitterMs: 0, loss: { kind: 'none' } }],
    ['a delay and a jittered one', [delay(100), delay(50, 5)], { delayMs: 150, jitterMs: 5, loss: { kind: 'none' } }],
    ['two losses', [loss(20), loss(50)], { delayMs: 0, loss: { kind: 'independent', percent: 60 } }],
    ['a delay and bursts', [delay(10), loss(10, 3)], { delayMs: 10, loss: { kind: 'burst', percent: 10, length: 3 } }],
    ['two corruptions', [corrupt(20), corrupt(50)], { corruptPercent: 60 }],
    ['two rates', [rate(2e6, 10), rate(1e6, 80)], { rateLimit: { bitsPerSecond: 1e6, latencyMs: 80 } }],
    ['a delay and slots', [delay(10), slot(20, 30)], { delayMs: 10, slots: { minMs: 20, maxMs: 30 } }],
    ['a delay and a reordering', [delay(10), reorder(25, 20)], { delayMs: 10, reordering: { percent: 25, gap: 1, delayMs: 20 } }],
    ['a partition and a loss', [partition, loss(10)], { loss: { kind: 'independent', percent: 100 } }],
    ['a duplication and a delay', [duplicate(5), delay(10)], { duplicatePercent: 5, delayMs: 10 }],
    ['total loss and another', [loss(100), loss(1)], { loss: { kind: 'independent', percent: 100 } }],
  ])('of %s is what one packet meets', (_, faults, expected) => {
    expect(composeImpairments(faults.map(impairmentOf))).toMatchObject(expected);
  });

  it.each([
    ['two jitters', [delay(10, 1), delay(20, 1)], /2 faults with jitter/],
    ['two reorderings', [reorder(1, 1), reorder(1, 1)], /2 faults with reordering/],
    ['two kinds of slots', [slot(1, 2), slot(1, 2)], /2 faults with slots/],
    ['two duplications', [duplicate(1), duplicate(1)], /2 faults with duplication/],
    ['a duplication and a reordering', [duplicate(1), reorder(1, 1)], /duplication and reordering/],
    ['bursts of loss and a loss', [loss(10, 3), loss(1)], /a burst loss and another loss/],
  ])('of %s is refused with the reason', (_, faults, message) => {
    expect(() => composeImpairments(faults.map(impairmentOf))).toThrow(message);
  });

  it('loses what is left of a packet stream after each loss by itself, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 2, maxLength: 5 }), (percents) => {
        const composed = composeImpairments(percents.map((percent) => impairmentOf(loss(percent)))).loss;
        const reverse = composeImpairments([...percents].reverse().map((percent) => impairmentOf(loss(percent)))).loss;
        const kept = percents.reduce((product, percent) => product * (1 - percent / 100), 1);
        if (composed.kind !== 'independent' || reverse.kind !== 'independent') throw new Error('not independent');
        expect(composed.percent).toBeCloseTo(100 * (1 - kept), 9);
        expect(composed.percent).toBeCloseTo(reverse.percent, 9);
        expect(composed.percent).toBeGreaterThanOrEqual(Math.max(...percents) - 1e-9);
      }),
    );
  });

  it.each([
    [delay(50, 5), 55],
    [{ type: 'delay', delayMs: 50, jitterMs: 5, distribution: 'normal' } as const, 70],
    [loss(10), 0],
    [reorder(25, 20), 20],
    [slot(20, 30), 30],
    [rate(1e6, 80), 80],
  ])('knows the longest wait of %j', (fault, expected) => {
    expect(longestDelayMs(impairmentOf(fault))).toBe(expected);
  });
});

describe('burstTransitions', () => {
  it('leads to the loss and the mean burst that were asked for', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 50, noNaN: true }),
        fc.double({ min: 1, max: 100, noNaN: true }),
        (percent, length) => {
          const { enter, leave } = burstTransitions(percent, length);
          // The share of time that a two-state chain spends in the second state, and how long it stays there.
          expect((100 * enter) / (enter + leave)).toBeCloseTo(percent, 6);
          expect(1 / leave).toBeCloseTo(length, 6);
          expect(enter <= 1).toBe(true);
        },
      ),
    );
  });
});
