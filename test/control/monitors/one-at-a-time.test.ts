import { describe, expect, it } from 'vitest';
import { oneAtATime } from '../../../src/control/monitors/one-at-a-time.ts';

describe('a task that runs one at a time', () => {
  it('is begun at once, and once more however often it is asked for meanwhile', async () => {
    let running = 0;
    let most = 0;
    let runs = 0;
    const ends: (() => void)[] = [];
    const task = oneAtATime(async () => {
      runs += 1;
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => ends.push(resolve));
      running -= 1;
    });
    task.ask();
    expect(runs).toBe(1);
    for (let asked = 0; asked < 5; asked += 1) task.ask();
    ends.shift()?.();
    await expect.poll(() => runs).toBe(2);
    ends.shift()?.();
    await task.idle();
    expect({ runs, most }).toEqual({ runs: 2, most: 1 });
    task.ask();
    expect(runs).toBe(3);
    ends.shift()?.();
    await task.idle();
  });

  it('is idle where it was never asked for', async () => {
    await expect(oneAtATime(() => Promise.resolve()).idle()).resolves.toBeUndefined();
  });
});
