import { expect, it } from 'vitest';
import { runControl } from '../../src/control/index.ts';
import { SquallError, systemClock } from '../../src/lib/index.ts';
import { createStore, type Store, transportFor } from '../../src/store/index.ts';

it('what the reconcilers cannot watch is told, kind by kind', async () => {
  const store: Store = {
    ...createStore(transportFor({ socket: '/nowhere' })),
    list: ({ plural }) =>
      refused.has(plural)
        ? Promise.reject(new SquallError('PermissionDenied', 'no'))
        : Promise.resolve({ items: [], resourceVersion: '1' }),
  };
  const refused = new Set(['networkexperiments', 'networkexperimentschedules']);
  const told = new Set<string>();
  const stopping = new AbortController();
  const control = runControl(
    {
      store,
      instance: '0123abcd',
      clock: systemClock,
      random: Math.random,
      journalOf: () => ({ append: () => undefined }),
      onError: () => undefined,
      heartbeat: () => () => undefined,
      onWatchTrouble: ({ code }, _retryInMs, resource) => {
        told.add(`${resource} ${code}`);
      },
    },
    stopping.signal,
  );
  // A list that succeeds is followed by a watch, of which nobody answers.
  await expect
    .poll(() => [...told].sort())
    .toEqual([
      'networkexperiments PermissionDenied',
      'networkhalts Unavailable',
      'networkmonitors Unavailable',
      'nodetasks Unavailable',
    ]);
  // Schedules are watched once runs and tasks have been read.
  refused.delete('networkexperiments');
  await expect.poll(() => told).toContain('networkexperimentschedules PermissionDenied');
  stopping.abort();
  await expect(control).rejects.toMatchObject({ code: 'Unavailable' });
});
