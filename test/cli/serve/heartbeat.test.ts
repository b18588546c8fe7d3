import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createHeartbeat, missedBeats, untilNextBeatMs } from '../../../src/cli/serve/heartbeat.ts';
import type { Clock } from '../../../src/lib/index.ts';

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

test.each([
  [5000, 1000],
  [5001, 999],
  [5400, 600],
  [5600, 1400],
  [5999, 1001],
  [-1, 1001],
])('at %i ms the next beat is %i ms away', (now, left) => {
  expect(untilNextBeatMs(now)).toBe(left);
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test.each([
  ['stays', 0],
  ['is set back by ten seconds', -10_000],
  ['is set back by a year', -365 * 86_400_000],
  ['is set forward by two hours', 2 * 3_600_000],
  ['is set forward by thirty years', 30 * 365 * 86_400_000],
])('beats every second where the wall clock %s', (_, jumpMs) => {
  let offset = 0;
  const started = Date.now();
  const clock: Clock = { now: () => Date.now() + offset, monotonic: () => Date.now() - started, sleep: () => Promise.resolve() };
  const missed: number[] = [];
  let beats = 0;
  const stop = createHeartbeat(clock, (count) => missed.push(count))(() => {
    beats += 1;
  });
  vi.advanceTimersByTime(5500);
  expect(beats).toBeGreaterThanOrEqual(5);
  offset = jumpMs;
  beats = 0;
  vi.advanceTimersByTime(10_000);
  expect(beats).toBeGreaterThanOrEqual(9);
  expect(beats).toBeLessThanOrEqual(10);
  expect(missed).toEqual([]);
  stop();
  vi.advanceTimersByTime(5000);
  expect(beats).toBeLessThanOrEqual(10);
});
