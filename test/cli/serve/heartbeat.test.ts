import { expect, test } from 'vitest';
import { missedBeats } from '../../../src/cli/serve/heartbeat.ts';

test.each([
  [0, 0],
  [1000, 0],
  [1400, 0],
  [1600, 1],
  [2000, 1],
  [10_000, 9],
])('of two beats %i ms apart, %i were missed between them', (apart, missed) => {
  expect(missedBeats(apart)).toBe(missed);
});
