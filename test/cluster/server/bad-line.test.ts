/** The client on a bad line to a real API server: no event is lost or told twice, and no hot loop. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { seededRandom } from '../../../scripts/random.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { createStore, type ListWatchOptions, type Store, transportFor } from '../../../src/store/index.ts';
import { followThings } from '../../store/follow-things.ts';
import { type Proxy, startProxy } from '../../store/proxy.ts';
import { thing as thingIn, things } from '../../store/support.ts';
import { adminOf } from './client.ts';
import { bearer } from './kubeconfig.ts';

const plane = inject('controlPlane');
const admin = adminOf();
const folder = mkdtempSync(join(tmpdir(), 'squall-bad-line-'));
const namespace = 'bad-line';
const options: ListWatchOptions = { namespace, retry: { first: 20, most: 200 }, silenceMs: 1500 };
const thing = (name: string, value = 'value') => thingIn(name, value, { namespace });

let proxy: Proxy;
let behind: Store;

beforeAll(async () => {
  await admin.must(['create', 'namespace', namespace]);
});
afterAll(async () => {
  await admin.must(['delete', 'namespace', namespace, '--wait=false']);
  admin[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  proxy = await startProxy(folder, Number(new URL(plane.url).port));
  behind = createStore(transportFor(bearer({ ...plane, url: `https://127.0.0.1:${proxy.port}` }, plane.token)));
});
afterEach(async () => {
  behind.close();
  await proxy.close();
  const { items } = await admin.store.list(things, { namespace, labelSelector: '!kubernetes.io/metadata.name' });
  for (const { metadata } of items) await admin.store.delete(things, { namespace, name: metadata.name });
});

/** Kubernetes puts a ConfigMap of its own into every namespace. */
const own = (seen: readonly string[]) => seen.filter((line) => !line.includes('kube-root-ca.crt'));

async function followByWatch() {
  const follower = followThings(behind, options);
  await admin.store.create(things, thing('first'));
  await follower.until(() => own(follower.seen).length === 1);
  await admin.store.create(things, thing('second'));
  await follower.until(() => own(follower.seen).length === 2);
  return follower;
}

describe('listWatch on a bad line to a real API server', () => {
  it('loses and doubles nothing when connections break within lists and lines', async () => {
    const random = seededRandom(7);
    const value = 'ä€𝄞'.repeat(20);
    for (let index = 0; index < 20; index += 1) await admin.store.create(things, thing(`old-${String(index)}`, value));
    // A connection begins with the server's certificate, of some 3000 bytes.
    proxy.cutAfter(() => 4000 + Math.floor(random() * 20_000));
    const follower = followThings(behind, options);
    for (let index = 0; index < 150; index += 1) await admin.store.create(things, thing(`new-${String(index)}`, value));
    await admin.store.create(things, thing('last'));
    proxy.cutAfter(undefined);
    await follower.until(() => follower.seen.includes('added last value'));
    await follower.stop();
    expect(own(follower.seen).length).toBe(171);
    expect(new Set(own(follower.seen)).size).toBe(171);
    expect(follower.troubles.length).toBeGreaterThan(2);
  });

  it('gives up a half-open connection, and misses nothing of what happened meanwhile', async () => {
    const follower = await followByWatch();
    proxy.freeze();
    await admin.store.create(things, thing('third'));
    await admin.store.delete(things, { namespace, name: 'first' });
    await follower.until(() => own(follower.seen).length === 4);
    await follower.stop();
    expect(own(follower.seen).slice(2)).toEqual(['added third value', 'deleted first value']);
    expect(follower.troubles).toContain('Unavailable');
  });

  it('takes what a slow line brings', async () => {
    proxy.delay(150);
    const follower = followThings(behind, { ...options, silenceMs: 10_000 });
    for (const name of ['first', 'second', 'third']) await admin.store.create(things, thing(name));
    await follower.until(() => own(follower.seen).length === 3);
    await follower.stop();
    expect(own(follower.seen)).toEqual(['added first value', 'added second value', 'added third value']);
    expect(follower.troubles).toEqual([]);
  });

  it('asks again ever more slowly where every connection breaks at once', async () => {
    const follower = await followByWatch();
    proxy.cutAfter(() => 0);
    proxy.cut();
    const before = proxy.connections();
    await systemClock.sleep(4000);
    // A pause grows to 200 ms, and is cut by up to half at random.
    expect(proxy.connections() - before).toBeLessThan(4000 / 100 + 10);
    expect(proxy.connections() - before).toBeGreaterThan(3);
    proxy.cutAfter(undefined);
    await admin.store.create(things, thing('third'));
    await follower.until(() => follower.seen.includes('added third value'));
    await follower.stop();
  });
});
