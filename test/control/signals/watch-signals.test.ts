import { describe, expect, it } from 'vitest';
import type { AbortRule } from '../../../src/api/index.ts';
import type { ExperimentObject } from '../../../src/control/index.ts';
import { isArmedBy, watchSignals } from '../../../src/control/signals/watch-signals.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { createStore, type ObjectKey, type Store, transportFor } from '../../../src/store/index.ts';
import { armedFor, monitor, monitorStatus } from './monitors.ts';

function run(abort: unknown, namespace: string | undefined = 'shop'): ExperimentObject {
  return { apiVersion: '', kind: 'NetworkExperiment', metadata: { name: 'run', namespace }, spec: { abort } };
}

describe('isArmedBy', () => {
  const rule = { monitor: { ref: 'shop-traffic', threshold: 'retry-storm' } };
  it.each([
    ['names it', true, run([{ hypothesis: 'reaches', for: '5s' }, rule])],
    ['names another', false, run([{ monitor: { ref: 'other', threshold: 'retry-storm' } }])],
    ['names its like in another namespace', false, run([rule], 'other')],
    ['has no abort rules', false, run(undefined)],
    ['has rules that cannot be read', false, run([null, 3, { monitor: null }, { monitor: { ref: {} } }])],
    ['has no spec', false, { ...run([]), spec: undefined }],
  ])('of a run that %s: %s', (_what, expected, object) => {
    expect(isArmedBy(object, { namespace: 'shop', name: 'shop-traffic' })).toBe(expected);
  });
});

describe('watchSignals', () => {
  const rules: AbortRule[] = [{ kind: 'monitor', monitor: { ref: 'shop-traffic', threshold: 'retry-storm' } }];
  const run = { namespace: 'shop', uid: 'uid-run' };

  it('knows nothing before the first list, and then tells of each monitor that it has seen', async () => {
    const listed = Promise.withResolvers<undefined>();
    const store = {
      ...createStore(transportFor({ socket: '/nowhere' })),
      list: async () => {
        await listed.promise;
        return { items: [monitor(monitorStatus([armedFor('uid-run')]))], resourceVersion: '1' };
      },
    } as unknown as Store;
    const stopping = new AbortController();
    const signals = watchSignals(store, systemClock, Math.random, undefined, stopping.signal);
    const changed: ObjectKey[] = [];
    signals.onChange((key) => changed.push(key));
    expect(signals.of(rules, run)).toMatchObject([{ state: 'waiting' }]);
    listed.resolve(undefined);
    await expect.poll(() => changed).toEqual([{ namespace: 'shop', name: 'shop-traffic' }]);
    expect(signals.of(rules, run)).toMatchObject([{ state: 'quiet' }]);
    expect(signals.of(rules, { ...run, uid: 'uid-other' })).toMatchObject([{ state: 'waiting' }]);
    expect(signals.monitorsIn('shop').map(({ metadata }) => metadata.name)).toEqual(['shop-traffic']);
    expect(signals.monitorsIn('other')).toEqual([]);
    stopping.abort();
  });
});
