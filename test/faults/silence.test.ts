import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/api/index.ts';
import { longestSilenceMs } from '../../src/faults/index.ts';

const partition: Fault = { type: 'partition' };
const loss = (percent: number): Fault => ({ type: 'loss', percent, burst: 1 });
const delay = (delayMs: number): Fault => ({ type: 'delay', delayMs, jitterMs: 0, distribution: 'uniform' });
const egress = { direction: 'egress' as const };

describe('the longest silence', () => {
  it.each([
    ['a partition', { effect: partition, ...egress }, 60_000],
    ['all packets lost', { effect: loss(100), ...egress }, 60_000],
    ['most packets lost', { effect: loss(99), ...egress }, 0],
    ['a partition in turns', { effect: partition, ...egress, pulse: { activeMs: 5000, idleMs: 5000 } }, 5000],
    ['a delay', { effect: delay(2000), ...egress }, 2000],
    ['a delay both ways', { effect: delay(2000), direction: 'both' as const }, 4000],
    [
      'a delay in turns, whose packets are held on',
      { effect: delay(9000), ...egress, pulse: { activeMs: 5000, idleMs: 1 } },
      9000,
    ],
    ['losses that grow', { effect: loss(50), ...egress, steps: [{ atMs: 20_000, effect: loss(100) }] }, 40_000],
    [
      'all lost, less, all lost',
      {
        effect: loss(100),
        ...egress,
        steps: [
          { atMs: 10_000, effect: loss(1) },
          { atMs: 45_000, effect: loss(100) },
        ],
      },
      15_000,
    ],
    ['a step that never comes', { effect: delay(10), ...egress, steps: [{ atMs: 61_000, effect: delay(5000) }] }, 10],
  ])('of %s', (_, course, expected) => {
    expect(longestSilenceMs(course, 60_000)).toBe(expected);
  });
});
