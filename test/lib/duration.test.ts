import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { formatDuration, parseDuration } from '../../src/lib/index.ts';

describe('parseDuration', () => {
  it.each([
    ['200ms', 200],
    ['1.5s', 1500],
    ['1m30s', 90_000],
    ['100us', 0.1],
    ['0s', 0],
  ])('reads %s as %d ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each(['200', '-1s', '', 's', '1 s', '1d', '1s;', 'NaNs', '1e3s'])('takes %j for no duration', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('reads back every whole number of microseconds that formatDuration prints', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e12 }), (microseconds) => {
        expect(parseDuration(formatDuration(microseconds / 1000))).toBeCloseTo(microseconds / 1000, 3);
      }),
    );
  });
});
