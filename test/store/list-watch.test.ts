import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, type ErrorCode, SquallError, systemClock } from '../../src/lib/index.ts';
import {
  createCache,
  createStore,
  listWatch,
  type ListWatchOptions,
  type Store,
  type Stored,
  transportFor,
  type WatchEvent,
} from '../../src/store/index.ts';
import { followThings } from './follow-things.ts';
import { type Proxy, startProxy } from './proxy.ts';
import { seededRandom } from '../../scripts/random.ts';
import { type RunningServer, startServer, type Thing, thing, things } from './support.ts';

describe('listWatch over a bad line', () => {
  let server: RunningServer;
  let proxy: Proxy;
  let behind: Store;
  const options: ListWatchOptions = { retry: { first: 5, most: 50 }, silenceMs: 400 };

  beforeEach(async () => {
    server = await startServer({ limits: { bookmarkMs: 100, maxEvents: 100 } });
    proxy = await startProxy(server.folder, server.socket);
    behind = createStore(transportFor({ socket: proxy.socket }));
  });
  afterEach(async () => {
    behind.close();
    await proxy.close();
    await server[Symbol.asyncDispose]();
  });

  it('loses and doubles nothing when connections break within lists, lines and characters', async () => {
    const random = seededRandom(7);
    for (let index = 0; index < 20; index += 1)
      await server.store.create(things, thing(`old-${String(index)}`, 'ä€𝄞'.repeat(20)));
    // An answer to the first list is larger than most of these, so lists are cut as well as watches.
    proxy.cutAfter(() => 200 + Math.floor(random() * 12_000));
    const follower = followThings(behind, options);
    for (let index = 0; index < 150; index += 1)
      await server.store.create(things, thing(`new-${String(index)}`, 'ä€𝄞'.repeat(20)));
    await server.store.create(things, thing('last'));
    proxy.cutAfter(undefined);
    await follower.until(() => follower.seen.includes('added last value'));
    await follower.stop();
    expect(follower.seen.length).toBe(171);
    expect(new Set(follower.seen).size).toBe(171);
    expect(follower.troubles.length).toBeGreaterThan(2);
    expect(new Set(follower.troubles)).toEqual(new Set(['Unavailable']));
  });

  /** What was created after the first list can only have come by the watch: the watch is open then. */
  async function followByWatch() {
    const follower = followThings(behind, options);
    await server.store.create(things, thing('first'));
    await follower.until(() => follower.seen.length === 1);
    await server.store.create(things, thing('second'));
    await follower.until(() => follower.seen.length === 2);
    return follower;
  }

  it('gives up a connection that has gone silent, and misses nothing of what happened meanwhile', async () => {
    const follower = await followByWatch();
    proxy.freeze();
    await server.store.create(things, thing('third'));
    await server.store.delete(things, { namespace: 'shop', name: 'first' });
    await follower.until(() => follower.seen.length === 4);
    await follower.stop();
    expect(follower.seen.slice(2)).toEqual(['added third value', 'deleted first value']);
    expect(follower.troubles).toEqual(['Unavailable']);
  });

  it('tells what it sees as it happens from what may have happened long before', async () => {
    await server.store.create(things, thing('zeroth'));
    const follower = followThings(behind, options);
    await follower.until(() => follower.seen.length === 1);
    await server.store.create(things, thing('first'));
    await follower.until(() => follower.seen.length === 2);
    proxy.freeze();
    await server.store.create(things, thing('second'));
    await follower.until(() => follower.seen.length === 3);
    // A bookmark comes every 100 ms: after the next, everything that was missed has been told.
    await systemClock.sleep(300);
    await server.store.create(things, thing('third'));
    await follower.until(() => follower.seen.length === 4);
    await follower.stop();
    expect(follower.sightings).toEqual(['earlier', 'live', 'earlier', 'live']);
  });

  it('keeps a quiet connection that sends bookmarks', async () => {
    const follower = await followByWatch();
    const before = proxy.connections();
    await systemClock.sleep(1000);
    expect(proxy.connections()).toBe(before);
    expect(follower.troubles).toEqual([]);
    await follower.stop();
  });

  it('takes what a slow line brings', async () => {
    proxy.delay(150);
    const follower = followThings(behind, options);
    for (const name of ['first', 'second', 'third']) await server.store.create(things, thing(name));
    await follower.until(() => follower.seen.length === 3);
    await follower.stop();
    expect(follower.seen).toEqual(['added first value', 'added second value', 'added third value']);
    expect(follower.troubles).toEqual([]);
  });

  it('lists again when the server has forgotten its place, and tells what was deleted and made anew meanwhile', async () => {
    const absence = Promise.withResolvers<undefined>();
    let isAbsent = false;
    const clock = {
      ...systemClock,
      sleep: (milliseconds: number) => (isAbsent ? absence.promise : systemClock.sleep(milliseconds)),
    };
    const follower = followThings(behind, options, clock);
    for (const name of ['kept', 'deleted', 'reborn', 'changed']) await server.store.create(things, thing(name));
    await follower.until(() => follower.seen.length === 4);
    isAbsent = true;
    proxy.cut();
    await follower.until(() => follower.troubles.length === 1);
    const at = (name: string) => ({ namespace: 'shop', name });
    await server.store.delete(things, at('deleted'));
    await server.store.delete(things, at('reborn'));
    await server.store.create(things, thing('reborn', 'again'));
    await server.store.update(things, { ...(await server.store.get(things, at('changed'))), data: { value: 'newer' } });
    for (let index = 0; index < 120; index += 1) {
      await server.store.patchMetadata(things, at('changed'), { annotations: { count: String(index) } });
    }
    isAbsent = false;
    absence.resolve(undefined);
    await follower.until(() => follower.seen.length === 8);
    await follower.stop();
    expect(follower.troubles).toEqual(['Unavailable', 'Expired']);
    expect(follower.seen.slice(4).sort()).toEqual([
      'added reborn again',
      'deleted deleted value',
      'deleted reborn value',
      'modified changed newer',
    ]);
    expect(follower.seen.indexOf('deleted reborn value')).toBeLessThan(follower.seen.indexOf('added reborn again'));
  });
});

describe('listWatch and a server that answers wrongly', () => {
  /** A store whose every list answers at once and whose every watch ends as told. */
  function brokenStore(watch: () => AsyncIterable<WatchEvent<Thing>>): {
    store: Store;
    calls: () => { lists: number; watches: number };
  } {
    let lists = 0;
    let watches = 0;
    const store = {
      list: () => {
        lists += 1;
        return Promise.resolve({ items: [], resourceVersion: '5' });
      },
      watch: () => {
        watches += 1;
        return watch();
      },
    } as Partial<Store> as Store;
    return { store, calls: () => ({ lists, watches }) };
  }

  /** Time passes only in sleeps, each of which is over at once. */
  function leapingClock(): Clock & { slept: number[] } {
    const slept: number[] = [];
    const elapsed = () => slept.reduce((sum, milliseconds) => sum + milliseconds, 0);
    return {
      slept,
      now: elapsed,
      monotonic: elapsed,
      sleep: (milliseconds) => {
        slept.push(milliseconds);
        return Promise.resolve();
      },
    };
  }

  async function* failing(code: ErrorCode): AsyncGenerator<never, void, undefined> {
    await Promise.reject(new SquallError(code, 'as the test wants it'));
  }
  async function* ending(): AsyncGenerator<never, void, undefined> {
    // Accepts the watch and ends it at once, without an error.
  }

  /** Each watch tells of one object, and breaks. */
  function breakingAfterOne(versions: () => string) {
    return async function* (): AsyncGenerator<WatchEvent<Thing>, void, undefined> {
      const resourceVersion = versions();
      yield { type: 'ADDED', object: storedThing('any', resourceVersion) };
      yield* failing('Unavailable');
    };
  }
  function storedThing(name: string, resourceVersion: string): Stored<Thing> {
    const { metadata, ...rest } = thing(name);
    return { ...rest, metadata: { ...metadata, uid: name, resourceVersion, creationTimestamp: '2026-01-01T00:00:00Z' } };
  }

  /** The first 40 pauses between tries. */
  async function pausesOf(store: Store): Promise<number[]> {
    const clock = leapingClock();
    const controller = new AbortController();
    const stopping = {
      ...clock,
      sleep: async (milliseconds: number) => {
        await clock.sleep(milliseconds);
        if (clock.slept.length === 40) controller.abort();
      },
    };
    await listWatch(store, things, {}, { change: () => undefined }, stopping, () => 0.999, controller.signal);
    return clock.slept;
  }

  it('does not wait longer when every watch has told something new before it broke: what is missed grows while it waits', async () => {
    let version = 5;
    const { store } = brokenStore(breakingAfterOne(() => String((version += 1))));
    expect(await pausesOf(store)).toEqual(Array.from({ length: 40 }, () => 50));
  });

  it.each<[string, () => AsyncGenerator<WatchEvent<Thing>, void, undefined>]>([
    ['every watch is Expired', () => failing('Expired')],
    ['every watch is Unavailable', () => failing('Unavailable')],
    ['every watch ends at once', ending],
    ['every watch tells again what is known, and breaks', breakingAfterOne(() => '6')],
  ])('waits longer and longer when %s', async (_what, watch) => {
    const { store, calls } = brokenStore(watch);
    const pauses = await pausesOf(store);
    expect(calls().watches).toBe(40);
    expect(pauses.slice(0, 4)).toEqual([50, 100, 200, 400]);
    expect(pauses.slice(10).every((milliseconds) => milliseconds > 9_000)).toBe(true);
  });

  it('rejects with what its handler throws, instead of going on with half a story', async () => {
    await using server = await startServer();
    await server.store.create(things, thing('any'));
    const failure = new Error('the handler failed');
    const cache = createCache(server.store, things, {}, systemClock, Math.random, new AbortController().signal);
    cache.onChange(() => {
      throw failure;
    });
    await expect(cache.ended).rejects.toBe(failure);
  });

  it('rejects `synced` of a cache that is stopped before its first list', async () => {
    const store = createStore(transportFor({ socket: '/nowhere/api.sock' }));
    const controller = new AbortController();
    const troubles: string[] = [];
    const trouble = (error: SquallError) => {
      troubles.push(error.code);
      controller.abort();
    };
    const cache = createCache(store, things, { trouble }, systemClock, Math.random, controller.signal);
    await expect(cache.synced).rejects.toMatchObject({ code: 'Unavailable' });
    await cache.ended;
    expect(troubles).toEqual(['Unavailable']);
  });
});
