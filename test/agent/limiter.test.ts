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

it('starts what is urgent before everything normal that waits, and interrupts nothing', async () => {
  const limit = createLimiter(1);
  const seen: string[] = [];
  const work = (name: string) => async () => {
    seen.push(`${name} starts`);
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(`${name} ends`);
  };
  await Promise.all([
    limit(work('first')),
    limit(work('normal')),
    limit(work('urgent'), 'urgent'),
    limit(work('urgent too'), 'urgent'),
  ]);
  const inOrder = ['first', 'urgent', 'urgent too', 'normal'];
  expect(seen).toEqual(inOrder.flatMap((name) => [`${name} starts`, `${name} ends`]));
});

it('asks what waits how urgent it is when a place comes free', async () => {
  const limit = createLimiter(1);
  const started: string[] = [];
  let awaited = false;
  const work = (name: string) => async () => {
    started.push(name);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const all = [
    limit(work('first')),
    limit(work('normal')),
    limit(work('awaited'), () => (awaited ? 'urgent' : 'normal')),
    limit(work('urgent'), 'urgent'),
  ];
  awaited = true;
  await Promise.all(all);
  expect(started).toEqual(['first', 'awaited', 'urgent', 'normal']);
});

it('lets something normal start after three that were urgent, so that it does not wait for ever', async () => {
  const limit = createLimiter(1);
  const started: string[] = [];
  const work = (name: string) => async () => {
    started.push(name);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const urgent = Array.from({ length: 8 }, () => limit(work('urgent'), 'urgent'));
  await Promise.all([limit(work('normal')), limit(work('normal')), ...urgent]);
  expect(started.map((name) => name[0]).join('')).toBe('uuuunuuunu');
});
