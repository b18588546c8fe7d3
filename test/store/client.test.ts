import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../../src/lib/index.ts';
import { type Authorization, createStore, transportFor } from '../../src/store/index.ts';
import { codeFrom, eventsUntil, temporaryFolder, thing, things } from './support.ts';

/** A server that answers every request the same way; `asked` holds what it was asked. */
async function answering(answer: http.RequestListener, server: http.Server | https.Server = http.createServer()) {
  const asked: http.IncomingMessage[] = [];
  server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
    asked.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    asked,
    port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const key = { namespace: 'shop', name: 'any' };
const object = {
  ...thing('any'),
  metadata: { name: 'any', namespace: 'shop', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
};
const status = (code: number, reason: string, details: object = {}) =>
  JSON.stringify({ kind: 'Status', status: 'Failure', code, reason, message: 'as the test wants it', details });

describe('the client and what a server answers', () => {
  it.each([
    [404, status(404, 'NotFound', { name: 'any' }), 'NotFound'],
    [404, status(404, 'NotFound'), 'NotImplemented'],
    [404, '404 page not found', 'NotImplemented'],
    [409, status(409, 'Conflict'), 'Conflict'],
    [409, status(409, 'AlreadyExists'), 'AlreadyExists'],
    [410, status(410, 'Gone'), 'Expired'],
    [401, status(401, 'Unauthorized'), 'PermissionDenied'],
    [403, status(403, 'Forbidden'), 'PermissionDenied'],
    [422, status(422, 'Invalid'), 'InvalidInput'],
    [413, 'too large', 'InvalidInput'],
    [429, status(429, 'TooManyRequests'), 'Unavailable'],
    [500, status(500, 'InternalError'), 'Unavailable'],
    [503, 'no healthy upstream', 'Unavailable'],
    [507, status(507, 'InsufficientStorage'), 'Unavailable'],
    [200, '{"kind":', 'Unavailable'],
    [200, '{"kind":"ConfigMap"}', 'Unavailable'],
    [302, '', 'Internal'],
  ])('HTTP %i with %s is %s', async (code, body, expected) => {
    await using server = await answering((_request, response) => response.writeHead(code).end(body));
    const store = createStore(transportFor({ url: `http://127.0.0.1:${String(server.port)}` }));
    expect(await codeFrom(store.get(things, key))).toBe(expected);
    store.close();
  });

  it.each([
    ['never answers', () => undefined],
    ['never ends its answer', (_request, response) => response.writeHead(200).write('{')],
  ] as [string, http.RequestListener][])('gives up a server that %s, in its time', async (_what, answer) => {
    await using server = await answering(answer);
    const store = createStore(transportFor({ url: `http://127.0.0.1:${String(server.port)}` }));
    const began = performance.now();
    await expect(store.get(things, key, { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('took longer than 100 ms') as string,
    });
    expect(performance.now() - began).toBeLessThan(2000);
    store.close();
  });

  it('stops waiting when its caller does', async () => {
    await using server = await answering(() => undefined);
    const store = createStore(transportFor({ url: `http://127.0.0.1:${String(server.port)}` }));
    expect(await codeFrom(store.get(things, key, { signal: AbortSignal.timeout(50) }))).toBe('Unavailable');
    expect(await codeFrom(store.get(things, key, { signal: AbortSignal.abort() }))).toBe('Unavailable');
    store.close();
  });

  it('reads again when an idle connection was closed under it, but never writes again by itself', async () => {
    await using server = await answering((request, response) => {
      if (server.asked.length === 1 || request.method === 'GET') {
        // Ends the connection after the answer, without having said so.
        response.end(JSON.stringify(object), () => setImmediate(() => request.socket.resetAndDestroy()));
      }
    });
    const store = createStore(transportFor({ url: `http://127.0.0.1:${String(server.port)}` }));
    for (let count = 0; count < 5; count += 1) expect(await codeFrom(store.get(things, key))).toBe('fulfilled');
    store.close();
  });

  it.each([
    ['an ERROR event of 410', `{"type":"ERROR","object":${status(410, 'Expired')}}\n`, 'Expired'],
    ['an event that is not JSON', 'nonsense\n', 'Unavailable'],
    ['an event of an unknown type', `{"type":"MOVED","object":${JSON.stringify(object)}}\n`, 'Unavailable'],
    ['an event without a version', '{"type":"ADDED","object":{"metadata":{}}}\n', 'Unavailable'],
    ['half an event', '{"type":"ADDED","obj', 'fulfilled'],
  ])('a watch that brings %s: %s is %s', async (_what, line, expected) => {
    await using server = await answering((_request, response) => response.writeHead(200).end(line));
    const store = createStore(transportFor({ url: `http://127.0.0.1:${String(server.port)}` }));
    expect(await codeFrom(eventsUntil(store, things, { resourceVersion: '1' }, () => false))).toBe(expected);
    store.close();
  });

  it('fills in kind and apiVersion that the items of a list lack', async () => {
    const item = { metadata: object.metadata, data: object.data };
    await using server = await answering((_request, response) =>
      response.end(JSON.stringify({ metadata: { resourceVersion: '5' }, items: [item] })),
    );
    const store = createStore(transportFor({ url: `http://127.0.0.1:${String(server.port)}` }));
    expect(await store.list(things)).toEqual({ items: [object], resourceVersion: '5' });
    store.close();
  });
});

describe('the transport to a cluster', () => {
  const bearer = (token = ''): Authorization => ({ headers: { authorization: `Bearer ${token}` } });

  it('says who asks with every request, below the prefix of its url', async () => {
    await using server = await answering((_request, response) => response.end(JSON.stringify(object)));
    const tokens = ['first', 'second'];
    const url = `http://127.0.0.1:${String(server.port)}/clusters/one/`;
    const store = createStore(transportFor({ url, authorize: () => Promise.resolve(bearer(tokens.shift())) }));
    await store.get(things, key);
    await store.get(things, key);
    expect(server.asked.map((request) => request.headers.authorization)).toEqual(['Bearer first', 'Bearer second']);
    expect(server.asked[0]?.url).toBe('/clusters/one/api/v1/namespaces/shop/configmaps/any');
    store.close();
  });

  it('asks for other credentials after a 401, and sends the request once more', async () => {
    await using server = await answering((request, response) =>
      request.headers.authorization === 'Bearer fresh' ? response.end(JSON.stringify(object)) : response.writeHead(401).end(),
    );
    const asked: boolean[] = [];
    const authorize = (refused: boolean): Promise<Authorization> => {
      asked.push(refused);
      return Promise.resolve(bearer(refused ? 'fresh' : 'stale'));
    };
    const store = createStore(transportFor({ url: `http://127.0.0.1:${String(server.port)}`, authorize }));
    expect(await codeFrom(store.get(things, key))).toBe('fulfilled');
    expect(asked).toEqual([false, true]);
    store.close();
  });

  it('takes a server that refuses every time for one that permits nothing, after two requests', async () => {
    await using server = await answering((_request, response) => response.writeHead(401).end());
    const url = `http://127.0.0.1:${String(server.port)}`;
    const store = createStore(transportFor({ url, authorize: () => Promise.resolve(bearer('wrong')) }));
    expect(await codeFrom(store.get(things, key))).toBe('PermissionDenied');
    expect(server.asked.length).toBe(2);
    store.close();
  });

  it('does not wait longer for credentials than for an answer', async () => {
    const store = createStore(transportFor({ url: 'http://127.0.0.1:1', authorize: () => new Promise(() => undefined) }));
    expect(await codeFrom(store.get(things, key, { timeoutMs: 50 }))).toBe('Unavailable');
    store.close();
  });

  it('trusts the authority that it was given, and nobody else', async () => {
    using folder = temporaryFolder();
    const [certificate, privateKey] = [join(folder.path, 'certificate.pem'), join(folder.path, 'key.pem')];
    const subject = ['-subj', '/CN=squall-test', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    const made = await runProgram('openssl', [
      'req',
      '-x509',
      '-nodes',
      '-days',
      '1',
      ...curve,
      ...subject,
      '-keyout',
      privateKey,
      '-out',
      certificate,
    ]);
    expect(made.code, made.stderr).toBe(0);
    const ca = readFileSync(certificate, 'utf8');
    const listener = https.createServer({ cert: ca, key: readFileSync(privateKey) });
    await using server = await answering((_request, response) => response.end(JSON.stringify(object)), listener);
    const url = `https://127.0.0.1:${String(server.port)}`;
    const [trusting, doubting] = [createStore(transportFor({ url, ca })), createStore(transportFor({ url }))];
    expect(await codeFrom(trusting.get(things, key))).toBe('fulfilled');
    expect(await codeFrom(doubting.get(things, key))).toBe('Unavailable');
    expect(server.asked.length).toBe(1);
    trusting.close();
    doubting.close();
  });
});
