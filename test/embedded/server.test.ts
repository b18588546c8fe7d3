import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/index.ts';
import { startEmbeddedServer } from '../../src/embedded/index.ts';
import { runProgram, systemClock } from '../../src/lib/index.ts';
import { createStore, type Resource, transportFor } from '../../src/store/index.ts';
import { servedResources } from '../store/resources.ts';
import { codeFrom, eventsUntil, type RunningServer, startServer, temporaryFolder, thing, things } from '../store/support.ts';
import { startProcess } from './process.ts';
import { raw } from './raw.ts';

const collection = '/api/v1/namespaces/shop/configmaps';

describe('the embedded server', () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startServer({
      validate: (object) => (object.data === 'bad' ? ['data: expected a map', 'data: and another thing'] : []),
    });
    await server.store.create(things, thing('present'));
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  it.each<[string, string, string, unknown, number, string]>([
    ['a path outside the API', 'GET', '/etc/passwd', undefined, 404, 'NotFound'],
    ['a path that is not decodable', 'GET', '/api/v1/%ff', undefined, 400, 'BadRequest'],
    ['an unknown subresource', 'GET', `${collection}/present/scale`, undefined, 404, 'NotFound'],
    ['a status that the kind does not have', 'PUT', `${collection}/present/status`, {}, 404, 'NotFound'],
    ['a method that is not served', 'OPTIONS', collection, undefined, 405, 'MethodNotAllowed'],
    ['deleting a collection', 'DELETE', collection, undefined, 405, 'MethodNotAllowed'],
    ['creating without a namespace', 'POST', '/api/v1/configmaps', thing('lost'), 405, 'MethodNotAllowed'],
    ['a dry run', 'POST', `${collection}?dryRun=All`, thing('dry'), 400, 'BadRequest'],
    ['orphaning', 'DELETE', `${collection}/present`, { propagationPolicy: 'Orphan' }, 422, 'Invalid'],
    ['a body that is not JSON', 'POST', collection, '{"kind":', 400, 'BadRequest'],
    ['a body that is no object', 'POST', collection, '[]', 400, 'BadRequest'],
    ['another kind than the path says', 'POST', collection, { ...thing('other'), kind: 'Secret' }, 400, 'BadRequest'],
    ['another namespace than the path says', 'POST', collection, thing('other', '', { namespace: 'bank' }), 400, 'BadRequest'],
    ['another name than the path says', 'PUT', `${collection}/present`, thing('other'), 400, 'BadRequest'],
    ['a name that is too long', 'POST', collection, thing('n'.repeat(254)), 422, 'Invalid'],
    ['labels that are no map', 'POST', collection, thing('labels', '', { labels: ['a'] as never }), 422, 'Invalid'],
    [
      'an owner without uid',
      'POST',
      collection,
      thing('owned', '', { ownerReferences: [{ kind: 'Pod' }] as never }),
      422,
      'Invalid',
    ],
    ['a version before there is an object', 'POST', collection, thing('early', '', { resourceVersion: '7' }), 400, 'BadRequest'],
    ['a watch from nowhere', 'GET', `${collection}?watch=true`, undefined, 400, 'BadRequest'],
    ['a watch from a version of long ago', 'GET', `${collection}?watch=true&resourceVersion=1`, undefined, 410, 'Expired'],
    [
      'a watch from a version to come',
      'GET',
      `${collection}?watch=true&resourceVersion=999999999999999`,
      undefined,
      410,
      'Expired',
    ],
    ['a limit that is no number', 'GET', `${collection}?limit=many`, undefined, 400, 'BadRequest'],
    ['a continue token that is none', 'GET', `${collection}?continue=abc`, undefined, 400, 'BadRequest'],
    ['a body larger than an object may be', 'POST', collection, thing('large', 'x'.repeat(2e6)), 413, 'RequestEntityTooLarge'],
  ])('answers %s with a Status that says why', async (_what, method, path, body, code, reason) => {
    const answer = await raw(server.socket, method, path, body);
    expect(answer).toMatchObject({ code, body: { kind: 'Status', status: 'Failure', code, reason } });
    expect(answer.body.message).toMatch(/\w/);
    expect((await server.store.list(things)).items.map((item) => item.metadata.name)).toEqual(['present']);
  });

  it('refuses finalizers and says why', async () => {
    const answer = await raw(server.socket, 'POST', collection, thing('held', '', { finalizers: ['a/b'] } as never));
    expect(answer).toMatchObject({ code: 422, body: { reason: 'Invalid' } });
    expect(answer.body.message).toMatch(/finalizers are not served, since .* could never be deleted/);
  });

  it('refuses what the kind finds wrong, with every message', async () => {
    const answer = await raw(server.socket, 'POST', collection, { ...thing('bad'), data: 'bad' });
    expect(answer).toMatchObject({ code: 422, body: { reason: 'Invalid' } });
    expect(answer.body.message).toContain('data: expected a map; data: and another thing');
  });

  it('refuses an owner in another namespace, which a cluster would take for absent', async () => {
    const owner = await server.store.create(things, thing('owner', '', { namespace: 'bank' }));
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata.uid }];
    const answer = await raw(server.socket, 'POST', collection, thing('owned', '', { ownerReferences }));
    expect(answer.body.message).toContain("ConfigMap 'owner' lives in namespace 'bank'");
    await server.store.delete(things, { namespace: 'bank', name: 'owner' });
  });

  it('takes only the content types that it understands', async () => {
    const answer = await raw(server.socket, 'PATCH', `${collection}/present`, [], {
      'content-type': 'application/json-patch+json',
    });
    expect(answer).toMatchObject({ code: 415, body: { reason: 'UnsupportedMediaType' } });
  });

  it.each([
    ['/healthz', { status: 'ok' }],
    ['/version', { major: '1', processId: process.pid }],
    ['/api', { versions: ['v1'] }],
    ['/apis', { groups: [{ name: 'networkmachinery.io' }] }],
    ['/apis/networkmachinery.io/v1alpha1', { resources: [{ name: 'nodetasks' }, { name: 'nodetasks/status' }] }],
  ])('describes itself at %s', async (path, expected) => {
    expect(await raw(server.socket, 'GET', path)).toMatchObject({ code: 200, body: expected });
  });

  it('lists the pages of one snapshot, whatever is written between them', async () => {
    const at = (name: string) => ({ namespace: 'pages', name });
    const write = (name: string, value: string) => server.store.create(things, thing(name, value, { namespace: 'pages' }));
    for (const name of ['b', 'd', 'f', 'h', 'j']) await write(name, 'old');
    const page = async (token: string) => {
      const { body } = await raw(server.socket, 'GET', `/api/v1/namespaces/pages/configmaps?limit=2&continue=${token}`);
      return body as { items: ReturnType<typeof thing>[]; metadata: { resourceVersion: string; continue?: string } };
    };
    const first = await page('');
    await write('a', 'new');
    await write('e', 'new');
    await server.store.update(things, { ...(await server.store.get(things, at('f'))), data: { value: 'new' } });
    await server.store.update(things, { ...(await server.store.get(things, at('f'))), data: { value: 'newest' } });
    await server.store.delete(things, at('h'));
    await server.store.delete(things, at('j'));
    await write('j', 'reborn');
    const second = await page(first.metadata.continue ?? '');
    const third = await page(second.metadata.continue ?? '');
    const items = [first, second, third].flatMap((answer) => answer.items);
    expect(items.map((item) => `${item.metadata.name} ${item.data?.value ?? ''}`)).toEqual([
      'b old',
      'd old',
      'f old',
      'h old',
      'j old',
    ]);
    expect(third.metadata).toEqual(first.metadata.continue ? { resourceVersion: first.metadata.resourceVersion } : {});
  });

  it.each([
    ['spec.nodeName=node-a', ['one', 'two']],
    ['spec.nodeName!=node-a', ['three']],
    ['spec.nodeName=node-a,metadata.name=two', ['two']],
    ['metadata.name!=two,metadata.namespace=nodes', ['one', 'three']],
    ['metadata.namespace=elsewhere', []],
  ])('lists what the field selector %s selects', async (fieldSelector, expected) => {
    const pods: Resource<KubeObject> = { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };
    for (const [name, nodeName] of Object.entries({ one: 'node-a', two: 'node-a', three: 'node-b' })) {
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'nodes' }, spec: { nodeName } };
      await server.store.create(pods, pod).catch(() => undefined);
    }
    const { items } = await server.store.list(pods, { namespace: 'nodes', fieldSelector });
    expect(items.map((item) => item.metadata.name).sort()).toEqual(expected);
  });

  it('empties a namespace before it deletes it', async () => {
    const namespaces = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };
    await server.store.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'doomed' } });
    await server.store.create(things, thing('inside', '', { namespace: 'doomed' }));
    await server.store.delete(namespaces, { name: 'doomed' });
    expect((await server.store.list(things, { namespace: 'doomed' })).items).toEqual([]);
  });
});

describe("the embedded server's socket", () => {
  it('can be used by its owner only, and goes with the server', async () => {
    const server = await startServer();
    expect(statSync(server.socket).mode & 0o777).toBe(0o600);
    await server[Symbol.asyncDispose]();
    expect(statSync(server.socket, { throwIfNoEntry: false })).toBeUndefined();
  });

  const start = (folder: string, socket: string) =>
    startEmbeddedServer({ database: join(folder, 'other.db'), socket, resources: servedResources, clock: systemClock });

  it('is not taken from a server that lives, whose process is named', async () => {
    await using server = await startServer();
    await expect(start(server.folder, server.socket)).rejects.toMatchObject({
      code: 'StateInUse',
      message: expect.stringContaining(`is served by process ${String(process.pid)}`) as string,
    });
    expect(await codeFrom(server.store.create(things, thing('still-served')))).toBe('fulfilled');
  });

  it('is not taken from a process that accepts and says nothing', async () => {
    using folder = temporaryFolder();
    const socket = join(folder.path, 'silent.sock');
    const silent = net.createServer((connection) => connection.resume());
    await new Promise<void>((resolve) => silent.listen(socket, resolve));
    expect(await codeFrom(start(folder.path, socket))).toBe('StateInUse');
    await new Promise((resolve) => silent.close(resolve));
  });

  it('does not replace a file that is no socket', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'notes.txt');
    writeFileSync(path, 'keep me');
    expect(await codeFrom(start(folder.path, path))).toBe('StateInUse');
    expect(readFileSync(path, 'utf8')).toBe('keep me');
  });

  it('has a path that fits into a socket address, or is refused', async () => {
    using folder = temporaryFolder();
    expect(await codeFrom(start(folder.path, join(folder.path, 'n'.repeat(108))))).toBe('InvalidInput');
  });
});

describe('the embedded server after a restart', () => {
  it('deletes what lost its owner just before the end, and goes on counting versions', async () => {
    using folder = temporaryFolder();
    const socket = join(folder.path, 'api.sock');
    const options = { database: join(folder.path, 'store.db'), socket, resources: servedResources, clock: systemClock };
    const first = await startEmbeddedServer(options);
    const store = createStore(transportFor({ socket }));
    const owner = await store.create(things, thing('owner'));
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata.uid }];
    const owned = await store.create(things, thing('owned', '', { ownerReferences }));
    await store.delete(things, owner.metadata);
    await first.close();
    const second = await startEmbeddedServer(options);
    const since = { resourceVersion: owned.metadata.resourceVersion };
    const told = await eventsUntil(store, things, since, (events) => events.length === 2);
    expect(told.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual(['DELETED owner', 'DELETED owned']);
    const later = await store.create(things, thing('later'));
    expect(Number(later.metadata.resourceVersion)).toBeGreaterThan(Number(told[1]?.object.metadata.resourceVersion));
    store.close();
    await second.close();
  });
});

describe('the bounds of the embedded server', () => {
  it('refuses one watcher too many, and takes another when one has gone', async () => {
    await using server = await startServer({ limits: { maxWatchers: 1 } });
    const { resourceVersion } = await server.store.list(things);
    const controller = new AbortController();
    const first = server.store.watch(things, { resourceVersion }, controller.signal)[Symbol.asyncIterator]();
    const event = first.next();
    await server.store.create(things, thing('seen'));
    await event;
    expect(await codeFrom(eventsUntil(server.store, things, { resourceVersion }, () => true))).toBe('Unavailable');
    controller.abort();
    await first.return?.();
    await expect.poll(() => codeFrom(eventsUntil(server.store, things, { resourceVersion }, () => true))).toBe('fulfilled');
  });

  it('forgets the oldest events by number, and tells who asks for them Expired', async () => {
    await using server = await startServer({ limits: { maxEvents: 50 } });
    const created = await server.store.create(things, thing('busy'));
    const from = (resourceVersion: string) =>
      eventsUntil(server.store, things, { resourceVersion, timeoutSeconds: 1 }, () => true);
    for (let count = 0; count < 100; count += 1) {
      await server.store.patchMetadata(things, { namespace: 'shop', name: 'busy' }, { annotations: { count: String(count) } });
    }
    expect(await codeFrom(from(created.metadata.resourceVersion))).toBe('Expired');
    const { resourceVersion } = await server.store.list(things);
    expect(await codeFrom(from(resourceVersion))).toBe('fulfilled');
  });

  it('answers a full database with 507, loses nothing, and goes on when there is room', async () => {
    await using server = await startServer({ limits: { maxBytes: 2 * 1024 * 1024 } });
    const names: string[] = [];
    let code = '';
    for (let count = 0; code === '' && count < 100; count += 1) {
      const name = `thing-${String(count)}`;
      const answer = await raw(server.socket, 'POST', collection, thing(name, 'x'.repeat(100_000)));
      if (answer.code === 201) names.push(name);
      else code = `${String(answer.code)} ${answer.body.reason ?? ''}`;
    }
    expect(code).toBe('507 InsufficientStorage');
    // The history has given way: the objects alone fill most of the room.
    expect(names.length).toBeGreaterThan(12);
    const stored = (await server.store.list(things)).items.map((item) => item.metadata.name);
    expect(stored.sort()).toEqual(names.sort());
    expect(await codeFrom(server.store.create(things, thing('again', 'x'.repeat(100_000))))).toBe('Unavailable');
    for (const name of names.slice(0, 3)) await server.store.delete(things, { namespace: 'shop', name });
    expect(await codeFrom(server.store.create(things, thing('again', 'x'.repeat(100_000))))).toBe('fulfilled');
  });

  // Mounting the small disk takes root.
  it.skipIf(process.getuid?.() !== 0)('answers a full disk with 507, loses nothing, and goes on when there is room', async () => {
    using folder = temporaryFolder();
    const mounted = await runProgram('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', folder.path]);
    expect(mounted).toMatchObject({ code: 0, stderr: '' });
    try {
      const filler = join(folder.path, 'what-somebody-else-wrote');
      writeFileSync(filler, Buffer.alloc(1024 * 1024));
      const socket = join(folder.path, 'api.sock');
      const options = { database: join(folder.path, 'store.db'), socket, resources: servedResources, clock: systemClock };
      const server = await startEmbeddedServer(options);
      const names: string[] = [];
      let refusals = 0;
      for (let count = 0; refusals < 3 && count < 100; count += 1) {
        const answer = await raw(socket, 'POST', collection, thing(`thing-${String(count)}`, 'x'.repeat(50_000)));
        if (answer.code === 201) names.push(`thing-${String(count)}`);
        else expect(answer).toMatchObject({ code: 507, body: { reason: 'InsufficientStorage' } });
        refusals += answer.code === 507 ? 1 : 0;
      }
      expect(refusals).toBe(3);
      const store = createStore(transportFor({ socket }));
      const stored = async () => (await store.list(things)).items.map((item) => item.metadata.name).sort();
      expect(await stored()).toEqual(names.sort());
      rmSync(filler);
      expect(await codeFrom(store.create(things, thing('again', 'x'.repeat(50_000))))).toBe('fulfilled');
      await server.close();
      const next = await startEmbeddedServer(options);
      expect(await stored()).toEqual([...names, 'again'].sort());
      store.close();
      await next.close();
    } finally {
      await runProgram('umount', ['-l', folder.path]);
    }
  });

  it('does not grow for a watcher that does not read, and tells it Expired in the end', async () => {
    using folder = temporaryFolder();
    await using server = await startProcess(folder.path);
    const socket = join(folder.path, 'api.sock');
    const store = createStore(transportFor({ socket }));
    const memory = () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${String(server.child.pid)}/status`, 'utf8'))?.[1]) * 1024;
    const large = 'x'.repeat(500_000);
    const rewrite = async (times: number) => {
      for (let count = 0; count < times; count += 1) {
        await store.patchMetadata(things, key, { annotations: { count: String(count) } });
      }
    };
    const key = { namespace: 'shop', name: 'large' };
    await store.create(things, thing('large', large));
    await rewrite(20);
    const { resourceVersion } = await store.list(things);

    const lazy = net.connect(socket);
    lazy.pause();
    lazy.write(`GET /api/v1/configmaps?watch=true&resourceVersion=${resourceVersion} HTTP/1.1\r\nHost: embedded\r\n\r\n`);
    await rewrite(1);
    const before = memory();
    await rewrite(240);
    // 240 events of half a megabyte are 120 MB; what garbage collection leaves lying about is much less.
    expect(memory() - before).toBeLessThan(80e6);

    let told = '';
    lazy.setEncoding('utf8').on('data', (chunk: string) => (told = (told + chunk).slice(-2000)));
    lazy.resume();
    await expect.poll(() => told, { timeout: 5000 }).toContain('"reason":"Expired"');
    lazy.destroy();
    store.close();
  }, 60_000);
});
