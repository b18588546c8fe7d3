import { expect, it } from 'vitest';
import { createLimiter } from '../../src/agent/limiter.ts';

it('runs so many at once and no more, in the order they came, also when some fail', async () => {
  const limit = createLimiter(2);
  const started: number[] = [];
  let running = 0;
  let most = 0;
  const work = (index: number) =>
    limit(async () => {
      started.push(index);
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      if (index % 3 === 0) throw new Error('fails');
    });
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, (_, index) => work(index)));
  expect(started).toEqual(Array.from({ length: 10 }, (_, index) => index));
  expect(most).toBe(2);
  expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(4);
});
