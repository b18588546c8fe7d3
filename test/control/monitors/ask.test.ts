import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { createAsk } from '../../../src/control/monitors/ask.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { createManualClock } from './world.ts';

const never = new AbortController().signal;

describe('a question', () => {
  it('is answered', async () => {
    const ask = createAsk('the collector', 1000, createManualClock(), never);
    await expect(ask(() => Promise.resolve(1))).resolves.toBe(1);
    await expect(ask(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(ask(() => Promise.resolve(2))).resolves.toBe(2);
  });

  it('that is not answered in time is Unavailable, and no other is put until it is', async () => {
    const clock = createManualClock();
    const ask = createAsk('the collector', 1000, clock, never);
    const answer = Promise.withResolvers<number>();
    const first = ask(() => answer.promise);
    clock.advance(1000);
    await expect(first).rejects.toMatchObject({ code: 'Unavailable', message: 'the collector has not answered within 1000 ms' });
    let isPut = false;
    const second = ask(() => {
      isPut = true;
      return Promise.resolve(2);
    });
    await expect(second).rejects.toMatchObject({ code: 'Unavailable', message: /before/ });
    expect(isPut).toBe(false);
    answer.resolve(1);
    await answer.promise;
    await expect.poll(() => ask(() => Promise.resolve(3))).toBe(3);
  });

  it('is answered where the answer waits to be read when its time is over, as after a process was held up itself', async () => {
    const { port1, port2 } = new MessageChannel();
    const ask = createAsk('the collector', 10, systemClock, never);
    try {
      const outcome = await new Promise((resolve) => {
        // From here timers come first, and then what has come in.
        setImmediate(() => {
          const asked = ask(() => new Promise((answer) => port1.once('message', answer)));
          resolve(asked.catch((error: unknown) => error));
          port2.postMessage('quiet');
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
        });
      });
      expect(outcome).toBe('quiet');
    } finally {
      port1.close();
    }
  });

  it('is not waited for when the signal has fired', async () => {
    const stopping = new AbortController();
    const ask = createAsk('the collector', 1000, createManualClock(), stopping.signal);
    const asked = ask(() => new Promise(() => undefined));
    stopping.abort();
    await expect(asked).rejects.toThrow();
    const other = createAsk('the collector', 1000, createManualClock(), stopping.signal);
    await expect(other(() => new Promise(() => undefined))).rejects.toThrow();
  });
});
