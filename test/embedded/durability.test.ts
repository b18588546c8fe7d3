import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../src/lib/index.ts';
import { createStore, type Store, transportFor } from '../../src/store/index.ts';
import { seededRandom } from '../../scripts/random.ts';
import { codeFrom, type ObjectEvent, temporaryFolder, type Thing, thing, things } from '../store/support.ts';
import { startProcess } from './process.ts';

type Ledger = {
  /** Name → value of the last acknowledged write; undefined: its deletion was acknowledged. */
  values: Map<string, string | undefined>;
  /** Versions of acknowledged creates and updates. */
  versions: string[];
  /** A write that was not answered may or may not have happened. */
  unsure: Set<string>;
};

/** Writes until the server is gone. */
async function writeUntilCut(store: Store, random: () => number, { values, versions, unsure }: Ledger): Promise<void> {
  for (let count = 0; ; count += 1) {
    const name = `thing-${String(Math.floor(random() * 12))}`;
    const value = `${String(count)}-${String(random())}`;
    const key = { namespace: 'shop', name };
    unsure.add(name);
    try {
      if (values.get(name) !== undefined && random() < 0.3) {
        await store.delete(things, key);
        values.set(name, undefined);
      } else {
        const isThere = values.get(name) !== undefined;
        const written = await (isThere
          ? store.update(things, { ...(await store.get(things, key)), data: { value } })
          : store.create(things, thing(name, value)));
        values.set(name, value);
        versions.push(written.metadata.resourceVersion);
      }
      unsure.delete(name);
    } catch {
      return;
    }
  }
}

/** Watches from `since` until the server is gone or `last` was created, and appends what it is told. */
async function watchOn(store: Store, since: string, told: ObjectEvent<Thing>[], last?: string): Promise<void> {
  const from = told.at(-1)?.object.metadata.resourceVersion ?? since;
  try {
    for await (const event of store.watch(things, { resourceVersion: from }, new AbortController().signal)) {
      if (event.type !== 'BOOKMARK') told.push(event);
      if (last !== undefined && event.type === 'ADDED' && event.object.metadata.name === last) return;
    }
  } catch (error) {
    expect(codeOf(error)).toBe('Unavailable');
  }
}

describe('an embedded server that is killed with kill -9 while it writes', () => {
  it.each([1, 2, 3])(
    'keeps every acknowledged write, never goes back, and loses and doubles no event (seed %i)',
    async (seed) => {
      using folder = temporaryFolder();
      const random = seededRandom(seed);
      const store = createStore(transportFor({ socket: join(folder.path, 'api.sock') }));
      const ledger: Ledger = { values: new Map(), versions: [], unsure: new Set() };
      const told: ObjectEvent<Thing>[] = [];
      let server = await startProcess(folder.path);
      await using lives = new AsyncDisposableStack();
      lives.defer(() => server.kill());
      const { resourceVersion: since } = await store.list(things);
      let newest = Number(since);

      for (let life = 0; life < 4; life += 1) {
        const ends = [writeUntilCut(store, random, ledger), watchOn(store, since, told)];
        await delay(20 + random() * 400);
        await server.kill();
        await Promise.all(ends);

        server = await startProcess(folder.path);
        expect(server.said).toBe('ready');
        const { items, resourceVersion } = await store.list(things);
        expect(Number(resourceVersion)).toBeGreaterThanOrEqual(newest);
        const found = new Map(items.map((item) => [item.metadata.name, item.data?.value]));
        for (const name of ledger.unsure) ledger.values.set(name, found.get(name));
        ledger.unsure.clear();
        const expected = [...ledger.values].filter(([, value]) => value !== undefined);
        expect([...found].sort()).toEqual(expected.sort());
        newest = Number(resourceVersion);
      }
      await store.create(things, thing('last'));
      await watchOn(store, since, told, 'last');
      store.close();

      const versions = told.map((event) => event.object.metadata.resourceVersion);
      expect(versions.map(Number)).toEqual(versions.map(Number).toSorted((a, b) => a - b));
      expect(new Set(versions).size).toBe(versions.length);
      expect(ledger.versions.length).toBeGreaterThan(8);
      expect(ledger.versions.filter((version) => !versions.includes(version))).toEqual([]);
      expectWholeLives(told);
    },
    60_000,
  );
});

/** An object is told of as added once, then modified, then deleted, and never again. */
function expectWholeLives(told: ObjectEvent<Thing>[]): void {
  const alive = new Map<string, string>();
  for (const { type, object } of told) {
    const { name, uid } = object.metadata;
    expect(alive.get(name), `${type} ${name}`).toBe(type === 'ADDED' ? undefined : uid);
    if (type === 'DELETED') alive.delete(name);
    else alive.set(name, uid);
  }
}

describe('two servers', () => {
  it('refuses the second on the same database and names the process that has it', async () => {
    using folder = temporaryFolder();
    await using first = await startProcess(folder.path);
    await using second = await startProcess(folder.path);
    expect(second.said).toMatch(new RegExp(`^StateInUse .*store\\.db is in use by process ${String(first.child.pid)}`));
    const store = createStore(transportFor({ socket: join(folder.path, 'api.sock') }));
    expect(await codeFrom(store.create(things, thing('still-served')))).toBe('fulfilled');
    store.close();
  }, 30_000);

  it('takes over database and socket of a server that was killed', async () => {
    using folder = temporaryFolder();
    await (await startProcess(folder.path)).kill();
    await using second = await startProcess(folder.path);
    expect(second.said).toBe('ready');
  }, 30_000);
});
