import { describe, expect, it } from 'vitest';
import { queuesOf } from '../../src/faults/index.ts';
import { delay, loss, partition, plan, rate, reorder, work } from './works.ts';

describe('the queues of a fault', () => {
  it.each([
    ['a delay', delay(200), [{ delayMs: 200, packets: 4096 }]],
    ['a delay with jitter', delay(200, 50), [{ delayMs: 250, packets: 4096 }]],
    ['a loss', loss(10), []],
    ['a partition', partition, []],
    ['a rate, whose bytes are counted', rate(1_000_000), []],
    ['reordering', reorder(25, 20), [{ delayMs: 20, packets: 3000 }]],
  ])('are those that hold packets back: of %s', (_, effect, expected) => {
    expect(queuesOf(plan([work('f1', effect)]), 'f1')).toEqual(expected);
  });

  it('are those of every class of the fault and of no other', () => {
    const works = [work('f1', delay(100)), work('f2', delay(50), { device: 'eth1' })];
    expect(queuesOf(plan(works), 'f2').map(({ delayMs }) => delayMs)).toEqual([50]);
    expect(queuesOf(plan(works), 'f3')).toEqual([]);
    const both = [work('f1', delay(100)), work('f2', delay(50), { peers: { ipv4: ['10.0.0.1'], ipv6: [] } })];
    expect(
      queuesOf(plan(both), 'f1')
        .map(({ delayMs }) => delayMs)
        .sort(),
    ).toEqual([100, 150]);
  });
});
