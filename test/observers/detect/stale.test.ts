import { describe, expect, it } from 'vitest';
import { isStale, staleAfterMs, usualPollingMs } from '../../../src/observers/index.ts';

describe('the loss of the signal', () => {
  it.each([
    [12_500, false],
    [12_501, true],
  ])('of an agent that polls every 5 s, after %d ms: %s', (silentMs, expected) => {
    expect(isStale(1000, 5000, 1000 + silentMs)).toBe(expected);
  });

  it('takes 75 s where no polling interval is known', () => {
    expect(staleAfterMs(usualPollingMs)).toBe(75_000);
  });
});
