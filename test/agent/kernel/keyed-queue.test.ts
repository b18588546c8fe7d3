import { describe, expect, it } from 'vitest';
import { createKeyedQueue } from '../../../src/agent/kernel/keyed-queue.ts';

describe('the keyed queue', () => {
  it('runs work of one key in order, one after the other, and of different keys side by side', async () => {
    const queue = createKeyedQueue();
    const log: string[] = [];
    const gates = ['a1', 'a2', 'b1'].map((name) => ({ name, ...Promise.withResolvers<undefined>() }));
    const results = gates.map(({ name, promise }) =>
      queue(name.startsWith('a') ? 1 : 2, async () => {
        log.push(`${name} begins`);
        await promise;
        log.push(`${name} ends`);
        return name;
      }),
    );
    const finish = async (name: string) => {
      gates.find((gate) => gate.name === name)?.resolve(undefined);
      await results[gates.findIndex((gate) => gate.name === name)];
    };
    await finish('b1');
    expect(log).toEqual(['a1 begins', 'b1 begins', 'b1 ends']);
    await finish('a1');
    await finish('a2');
    expect(log.slice(3)).toEqual(['a1 ends', 'a2 begins', 'a2 ends']);
    expect(await Promise.all(results)).toEqual(['a1', 'a2', 'b1']);
  });

  it('knows of which key something urgent waits, until it begins or what is before it has failed', async () => {
    const queue = createKeyedQueue();
    const gate = Promise.withResolvers<undefined>();
    const reading = queue(1, () => gate.promise);
    expect(queue.isAwaited(1)).toBe(false);
    const seen: boolean[] = [];
    const look = () => Promise.resolve(void seen.push(queue.isAwaited(1)));
    const [first, second] = [queue(1, look, 'urgent'), queue(1, look, 'urgent')];
    expect([queue.isAwaited(1), queue.isAwaited(2)]).toEqual([true, false]);
    gate.reject(new Error('no'));
    await expect(reading).rejects.toThrow('no');
    await Promise.all([first, second]);
    // While the first works, the second still waits.
    expect([...seen, queue.isAwaited(1)]).toEqual([true, false, false]);
  });

  it('goes on after work that failed, and hands the failure to whoever asked for it', async () => {
    const queue = createKeyedQueue();
    const failed = queue(1, () => Promise.reject(new Error('no')));
    const next = queue(1, () => Promise.resolve('yes'));
    await expect(failed).rejects.toThrow('no');
    expect(await next).toBe('yes');
  });
});
