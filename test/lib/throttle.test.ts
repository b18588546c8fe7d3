import { expect, it } from 'vitest';
import { createThrottle } from '../../src/lib/index.ts';

it('lets one of each kind through in its time, and says how many it has held back', () => {
  let now = 5;
  const throttle = createThrottle(100, () => now);
  expect([throttle('a'), throttle('a'), throttle('b'), throttle('a')]).toEqual([0, undefined, 0, undefined]);
  now = 104;
  expect(throttle('a')).toBeUndefined();
  now = 105;
  expect([throttle('a'), throttle('a'), throttle('b')]).toEqual([3, undefined, 0]);
});
