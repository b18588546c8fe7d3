import { describe, expect, it } from 'vitest';
import { createDuplicateFinder } from '../../src/probes/duplicates.ts';

const answer = (index: number, address = '10.0.0.2') => ({ address, index, atMs: 0, rttMs: 1 });
const timeout = (index: number) => ({ address: '10.0.0.2', index, atMs: 0 });

describe('an answer', () => {
  it.each([
    ['the first to each ping', [answer(0), answer(1), answer(0, '10.0.0.3')], [false, false, false]],
    ['a second one', [answer(0), answer(0)], [false, true]],
    ['a second one after another ping was answered', [answer(0), answer(1), answer(0)], [false, false, true]],
    ['one after its time-out', [timeout(0), answer(0)], [false, false]],
    [
      'one of long ago',
      [answer(0), ...Array.from({ length: 256 }, (_, index) => answer(index + 1)), answer(0)],
      [...Array<boolean>(258).fill(false)],
    ],
  ])('is told from a copy: %s', (_, lines, expected) => {
    const isDuplicate = createDuplicateFinder();
    expect(lines.map(isDuplicate)).toEqual(expected);
  });
});
