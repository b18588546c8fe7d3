import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { writeLast } from '../../src/agent/status-writer.ts';
import { unlessAborted } from '../../src/agent/timing.ts';
import { systemClock } from '../../src/lib/index.ts';

const never = new Promise<never>(() => undefined);

describe('what is awaited unless a signal fires', () => {
  it('is what the promise brings, or nothing where the signal fires first or has fired', async () => {
    const controller = new AbortController();
    expect(await unlessAborted(Promise.resolve(7), controller.signal)).toBe(7);
    await expect(unlessAborted(Promise.reject(new Error('no')), controller.signal)).rejects.toThrow('no');
    const waiting = unlessAborted(never, controller.signal);
    controller.abort();
    await expect(waiting).resolves.toBeUndefined();
    expect(await unlessAborted(Promise.resolve(7), controller.signal)).toBeUndefined();
  });

  it('leaves nothing on a signal that lives long', async () => {
    const { signal } = new AbortController();
    for (let call = 0; call < 20; call += 1) await unlessAborted(Promise.resolve(call), signal);
    await unlessAborted(Promise.reject(new Error('no')), signal).catch(() => undefined);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('the last status of a piece of work', () => {
  const writerOf = (flush: () => Promise<'written'>) => ({ flush, request: () => undefined, seen: () => undefined });

  it('leaves nothing on the signal that ends the agent', async () => {
    const { signal: stopping } = new AbortController();
    await writeLast(
      { clock: systemClock, stopping },
      writerOf(() => Promise.resolve('written')),
    );
    expect(getEventListeners(stopping, 'abort')).toEqual([]);
  });

  it('is waited for a while by an agent that stops, and no longer', async () => {
    const slept: number[] = [];
    const clock = {
      ...systemClock,
      sleep: (milliseconds: number) => {
        slept.push(milliseconds);
        return Promise.resolve();
      },
    };
    await writeLast(
      { clock, stopping: AbortSignal.abort() },
      writerOf(() => never),
    );
    expect(slept).toEqual([3000]);
  });
});
