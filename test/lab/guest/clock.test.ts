import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { clockError, keepClock } from '../../../src/lab/guest/clock.ts';

describe('clockError', () => {
  it.each([
    { title: 'within the time of the question', askedAt: 1000, answeredAt: 1400, guestTime: 1100, expected: 0 },
    { title: 'surely ahead', askedAt: 1000, answeredAt: 1400, guestTime: 1900, expected: 500 },
    { title: 'surely behind', askedAt: 1000, answeredAt: 1400, guestTime: 300, expected: -700 },
  ])('is $expected when the answer is $title', ({ expected, ...answer }) => {
    expect(clockError(answer)).toBe(expected);
  });

  it('never says more than the truth, however slow the question and the answer are', () => {
    const milliseconds = fc.integer({ min: 0, max: 10_000 });
    fc.assert(
      fc.property(fc.integer({ min: -100_000, max: 100_000 }), milliseconds, milliseconds, (truth, there, back) => {
        const error = clockError({ askedAt: 0, answeredAt: there + back, guestTime: there + truth });
        expect(Math.abs(error)).toBeLessThanOrEqual(Math.abs(truth));
        expect(error * truth).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('keepClock', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 0 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** A guest whose clock is off by so much, and which takes so long for a question or an answer; milliseconds. */
  function guest({ off, travel }: { off: number; travel: number }) {
    const seen = { off, asked: 0 };
    const keeper = keepClock({
      everyMs: 60_000,
      now: Date.now,
      ask: () => {
        seen.asked += 1;
        setTimeout(() => {
          const guestTime = Date.now() + seen.off;
          setTimeout(() => {
            keeper.answered(guestTime);
          }, travel);
        }, travel);
      },
      set: (time) => {
        setTimeout(() => (seen.off = time - Date.now()), travel);
      },
    });
    return { seen, keeper };
  }

  it.each([
    { title: 'an hour behind, as after a suspend', off: -3_600_000, travel: 20, expected: 0 },
    { title: 'ahead', off: 5000, travel: 300, expected: 0 },
    { title: 'a little off', off: 90, travel: 5, expected: 90 },
    { title: 'right, and slow to answer', off: 0, travel: 5000, expected: 0 },
  ])('leaves a clock that was $title at $expected ms', ({ off, travel, expected }) => {
    const { seen, keeper } = guest({ off, travel });
    vi.advanceTimersByTime(200_000);
    expect(seen.off).toBe(expected);
    keeper.stop();
  });

  it('does not ask a guest again that has not answered, and not at all once it is stopped', () => {
    const { seen, keeper } = guest({ off: 0, travel: 100_000 });
    vi.advanceTimersByTime(190_000);
    expect(seen.asked).toBe(1);
    keeper.stop();
    vi.advanceTimersByTime(600_000);
    expect(seen.asked).toBe(1);
  });
});
