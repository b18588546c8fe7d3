import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { systemClock } from '../../src/lib/index.ts';
import { createWorkQueue, type ReconcileResult } from '../../src/control/work-queue.ts';

type Options = Partial<Parameters<typeof createWorkQueue>[0]>;

function queueOf(reconcile: (key: string) => Promise<ReconcileResult>, options: Options = {}) {
  const errors: string[] = [];
  const queue = createWorkQueue({
    reconcile,
    workers: 3,
    random: () => 0,
    onError: (key) => errors.push(key),
    ...options,
  });
  const stopping = new AbortController();
  const ended = queue.run(stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await ended;
  };
  return { queue, errors, stop };
}

const tick = (milliseconds = 5): Promise<void> => systemClock.sleep(milliseconds);

describe('a work queue', () => {
  it('never reconciles one key twice at once, and always once more after a key was added meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 30 }), async (keys) => {
        const active = new Set<string>();
        const lastSeen = new Map<string, number>();
        let written = 0;
        const { queue, stop } = queueOf(async (key) => {
          expect(active.has(key)).toBe(false);
          active.add(key);
          const seen = written;
          await tick(1);
          lastSeen.set(key, seen);
          active.delete(key);
          return {};
        });
        const lastAdded = new Map<string, number>();
        for (const key of keys) {
          written += 1;
          lastAdded.set(key, written);
          queue.add(key);
          if (written % 4 === 0) await tick(1);
        }
        while ([...lastAdded].some(([key, added]) => (lastSeen.get(key) ?? 0) < added)) await tick(1);
        await stop();
      }),
      { numRuns: 20 },
    );
  });

  it('brings a failed key back until it succeeds, and reports each failure', async () => {
    let calls = 0;
    const done = Promise.withResolvers<undefined>();
    const { queue, errors, stop } = queueOf(() => {
      calls += 1;
      if (calls < 3) return Promise.reject(new Error('not yet'));
      done.resolve(undefined);
      return Promise.resolve({});
    });
    queue.add('a');
    await done.promise;
    await stop();
    expect({ calls, errors }).toEqual({ calls: 3, errors: ['a', 'a'] });
  });

  it('looks again after the time that a reconcile asked for', async () => {
    const looks: number[] = [];
    const done = Promise.withResolvers<undefined>();
    const { queue, stop } = queueOf(() => {
      looks.push(performance.now());
      if (looks.length === 3) done.resolve(undefined);
      return Promise.resolve(looks.length < 3 ? { requeueAfterMs: 20 } : {});
    });
    queue.add('a');
    await done.promise;
    await stop();
    expect((looks[2] ?? 0) - (looks[0] ?? 0)).toBeGreaterThanOrEqual(38);
  });
});
