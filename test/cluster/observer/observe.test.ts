import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiVersion, servedKinds } from '../../../src/api/index.ts';
import { observerLease, startObserver } from '../../../src/cluster/index.ts';
import { leases } from '../../../src/control/index.ts';
import { SquallError, systemClock } from '../../../src/lib/index.ts';
import type { Resource, Store } from '../../../src/store/index.ts';
import { codeFrom, type RunningServer, startServer } from '../../store/support.ts';
import { severable } from '../operator/severable.ts';

const monitors: Resource = { apiVersion, kind: 'NetworkMonitor', plural: 'networkmonitors', namespaced: true };

type TestObserver = {
  store: ReturnType<typeof severable>;
  watches: () => boolean;
  facts: ReturnType<typeof startObserver>['facts'];
  ended: Promise<void>;
  stop: () => Promise<void>;
};

let server: RunningServer;
let observers: TestObserver[] = [];
beforeEach(async () => {
  server = await startServer({ resources: servedKinds });
});
afterEach(async () => {
  await Promise.all(observers.map(({ stop }) => stop()));
  observers = [];
  await server[Symbol.asyncDispose]();
});

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve();
    });
    if (signal.aborted) resolve();
  });

function observe(
  identity: string,
  work: (store: Store, signal: AbortSignal) => Promise<void> = (_store, signal) => untilAborted(signal),
) {
  const store = severable(server.store);
  const stopping = new AbortController();
  let watches = false;
  const { facts, ended } = startObserver(
    {
      store,
      identity,
      leaseSeconds: 3,
      clock: systemClock,
      random: Math.random,
      log: pino({ level: 'silent' }),
      watch: async (given, signal) => {
        watches = true;
        try {
          await work(given, signal);
        } finally {
          watches = false;
        }
      },
    },
    stopping.signal,
  );
  const observer: TestObserver = {
    store,
    watches: () => watches,
    facts,
    ended,
    stop: async () => {
      stopping.abort('Stopped');
      await ended.catch(() => undefined);
    },
  };
  observers.push(observer);
  return observer;
}

const watching = () => observers.filter(({ watches }) => watches()).length;

describe('observers of a cluster', { timeout: 60_000 }, () => {
  it('are two, and one watches; the other takes over at once when that one stops', async () => {
    const first = observe('first');
    await expect.poll(first.watches).toBe(true);
    const second = observe('second');
    await systemClock.sleep(1000);
    expect([first.facts().leads, second.facts().leads]).toEqual([true, false]);
    const { spec } = await server.store.get(leases, observerLease);
    expect(spec).toMatchObject({ holderIdentity: 'first', leaseDurationSeconds: 3 });
    await first.stop();
    await expect.poll(second.watches, { timeout: 10_000 }).toBe(true);
  });

  it('never watch both, also not when one is cut off: it has stopped, and can write nothing, before the other begins', async () => {
    let given: Store | undefined;
    const first = observe('first', async (store, signal) => {
      given = store;
      await untilAborted(signal);
    });
    await expect.poll(first.watches).toBe(true);
    const second = observe('second');
    first.store.cut = true;
    let most = 0;
    while (!second.watches()) {
      most = Math.max(most, watching());
      await systemClock.sleep(10);
    }
    expect([most, first.watches()]).toEqual([1, false]);
    first.store.cut = false;
    if (given === undefined) throw new Error('nobody watched');
    expect(await codeFrom(given.list(monitors))).not.toBe('fulfilled');
  });

  it('end with the reason when what watches fails, and give the Lease back', async () => {
    const broken = observe('broken', () => Promise.reject(new SquallError('Unavailable', 'port 8008 is in use')));
    await expect(broken.ended).rejects.toThrow('port 8008 is in use');
    const { spec } = await server.store.get(leases, observerLease);
    expect(spec.holderIdentity).toBe('');
  });
});
