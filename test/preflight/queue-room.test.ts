import { describe, expect, it } from 'vitest';
import { queueWarning } from '../../src/preflight/queue-room.ts';

describe('the room of queues', () => {
  it.each([
    ['nobody sends', [{ delayMs: 200, packets: 4096 }], 0, undefined],
    ['just enough', [{ delayMs: 200, packets: 4096 }], 20_480, undefined],
    [
      'too little',
      [{ delayMs: 200, packets: 4096 }],
      40_960,
      /holds 4096 packets for up to 200 ms, and at the 40960 .* 8192 .* some 50 %/,
    ],
    ['no queue', [], 1_000_000, undefined],
    [
      'one of two too short',
      [
        { delayMs: 1, packets: 1000 },
        { delayMs: 100, packets: 100 },
      ],
      2000,
      /holds 100 packets .* 50 %/,
    ],
  ])('is, where %s, told', (_, queues, rate, warning) => {
    if (warning === undefined) expect(queueWarning(queues, rate)).toBeUndefined();
    else expect(queueWarning(queues, rate)).toMatch(warning);
  });
});
