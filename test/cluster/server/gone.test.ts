/** A client that was away for longer than a real API server remembers: it is told so (410), and loses and doubles nothing all the same. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStore, transportFor } from '../../../src/store/index.ts';
import { followThings } from '../../store/follow-things.ts';
import { startProxy } from '../../store/proxy.ts';
import { thing as thingIn, things } from '../../store/support.ts';
import { adminOf, type Client } from './client.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { bearer } from './kubeconfig.ts';
import { until } from './until.ts';

const namespace = 'gone';
const stack = new AsyncDisposableStack();
const thing = (name: string, value = 'value') => thingIn(name, value, { namespace });

// Of its own: the API server is started anew.
let plane: ControlPlane;
let admin: Client;

beforeAll(async () => {
  plane = stack.use(await startControlPlane());
  admin = stack.use(adminOf(plane));
  await admin.must(['create', 'namespace', namespace]);
});
afterAll(async () => {
  await stack.disposeAsync();
});

/** The answer to whoever asks for things as they were then: 410 once that is forgotten. */
async function askForThingsAt(resourceVersion: string | undefined): Promise<number> {
  const query = `resourceVersion=${String(resourceVersion)}&resourceVersionMatch=Exact`;
  const { code } = await admin.send('GET', `/api/v1/namespaces/${namespace}/configmaps?${query}`);
  return code;
}

describe('listWatch, of which a real API server has forgotten where it was', () => {
  it('is told so, lists again, and tells every change once: what came, what changed, what went, and what is another by its old name', async () => {
    const folder = stack.adopt(mkdtempSync(join(tmpdir(), 'squall-gone-')), (path) => {
      rmSync(path, { recursive: true });
    });
    const proxy = await startProxy(folder, Number(new URL(plane.url).port));
    const behind = createStore(transportFor(bearer({ ...plane, url: `https://127.0.0.1:${proxy.port}` }, plane.token)));
    for (const name of ['changed', 'gone', 'kept', 'replaced']) await admin.store.create(things, thing(name));
    const follower = followThings(behind, { namespace, retry: { first: 20, most: 200 }, silenceMs: 1500 });
    await admin.store.create(things, thing('last-seen'));
    await follower.until(() => follower.seen.includes('added last-seen value'));
    const seenBefore = follower.seen.length;
    const { resourceVersion } = await admin.store.list(things, { namespace });
    expect(await askForThingsAt(resourceVersion)).toBe(200);

    proxy.freeze();
    proxy.cutAfter(() => 0);
    await admin.store.update(things, {
      ...(await admin.store.get(things, { namespace, name: 'changed' })),
      data: { value: 'new' },
    });
    await admin.store.delete(things, { namespace, name: 'gone' });
    await admin.store.delete(things, { namespace, name: 'replaced' });
    await admin.store.create(things, thing('replaced', 'new'));
    await admin.store.create(things, thing('short-lived'));
    await admin.store.delete(things, { namespace, name: 'short-lived' });
    await admin.store.create(things, thing('come'));
    await plane.compact((await admin.store.list(things, { namespace })).resourceVersion);
    await plane.stopApiServer();
    await plane.startApiServer();
    expect(await askForThingsAt(resourceVersion)).toBe(410);
    await until('it has given the frozen line up', () => Promise.resolve(follower.troubles.length > 0));
    expect(follower.troubles).not.toContain('Expired');
    expect(follower.seen.length).toBe(seenBefore);

    proxy.cutAfter(undefined);
    await follower.until(() => follower.seen.includes('added come value'));
    await admin.store.create(things, thing('end'));
    await follower.until(() => follower.seen.includes('added end value'));
    await follower.stop();
    behind.close();
    await proxy.close();
    expect(follower.troubles.filter((code) => code === 'Expired')).toEqual(['Expired']);
    const missed = follower.seen.slice(seenBefore);
    // Of another life under the same name, the former one ends first.
    expect(missed.indexOf('deleted replaced value')).toBeLessThan(missed.indexOf('added replaced new'));
    expect(missed.at(-1)).toBe('added end value');
    expect(missed.sort()).toEqual([
      'added come value',
      'added end value',
      'added replaced new',
      'deleted gone value',
      'deleted replaced value',
      'modified changed new',
    ]);
  });
});
