import { connect } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { SquallError } from '../../src/lib/index.ts';
import { createMetrics, type HttpServer, isLoopback, type ReadinessReason, startHttpServer } from '../../src/server/index.ts';

// The first start compiles what the server is made of, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const loopback = { host: '127.0.0.1', port: 0 };
let server: HttpServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

type Answers = { askStore?: () => Promise<void>; reasons?: ReadinessReason[] };

async function start({ askStore = () => Promise.resolve(), reasons = [] }: Answers = {}): Promise<string> {
  server = await startHttpServer({ listen: loopback, metrics: createMetrics('0'), askStore, readiness: () => reasons });
  return `http://127.0.0.1:${String(server.address.port)}`;
}

test('/metrics answers in the text format of Prometheus', async () => {
  const answer = await fetch(`${await start()}/metrics`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toContain('version=0.0.4');
  expect(await answer.text()).toContain('# TYPE squall_runs_total counter');
});

test('/healthz is ok while the store answers', async () => {
  const answer = await fetch(`${await start()}/healthz`);
  expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok', reasons: [] }]);
});

test('/healthz is 503 with the reason when the store does not, and asks it once for all who wait', async () => {
  let asked = 0;
  const gate = Promise.withResolvers<undefined>();
  const base = await start({
    askStore: async () => {
      asked += 1;
      await gate.promise;
      throw new SquallError('Unavailable', 'GET took longer than 2000 ms');
    },
  });
  const waiting = [1, 2, 3, 4].map(() => fetch(`${base}/healthz`));
  // /metrics comes while health still waits.
  expect((await fetch(`${base}/metrics`)).status).toBe(200);
  gate.resolve(undefined);
  for (const answer of await Promise.all(waiting)) {
    expect(answer.status).toBe(503);
    const reasons = [{ reason: 'StoreSilent', message: 'GET took longer than 2000 ms' }];
    expect(await answer.json()).toEqual({ status: 'unavailable', reasons });
  }
  expect(asked).toBeLessThan(4);
});

test('/readyz lists every reason', async () => {
  const reasons: ReadinessReason[] = [{ reason: 'AgentSilent', message: 'never' }];
  const answer = await fetch(`${await start({ reasons })}/readyz`);
  expect([answer.status, await answer.json()]).toEqual([503, { status: 'unavailable', reasons }]);
});

test.each([
  ['POST', '/metrics', 405],
  ['DELETE', '/healthz', 405],
  ['PUT', '/readyz', 405],
  ['GET', '/', 404],
  ['GET', '/apis/networkmachinery.io/v1alpha1', 404],
  ['GET', '/metrics/../../etc/passwd', 404],
  ['HEAD', '/metrics', 200],
  ['GET', '/%', 400],
])('%s %s is answered with %i', async (method, path, status) => {
  const base = await start();
  expect((await fetch(base + path, { method })).status).toBe(status);
});

test('a body or a header that is too large is refused', async () => {
  const base = await start();
  expect((await fetch(`${base}/metrics`, { method: 'POST', body: 'x'.repeat(2000) })).ok).toBe(false);
  expect((await fetch(`${base}/metrics`, { headers: { 'x-large': 'x'.repeat(10_000) } })).status).toBe(431);
});

test('clients that say nothing or read nothing keep nobody waiting, nor the server from closing', async () => {
  const base = await start();
  const port = Number(new URL(base).port);
  const sockets = Array.from({ length: 10 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  for (const [index, socket] of sockets.entries()) {
    socket.pause();
    if (index % 2 === 0) socket.write('GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n');
  }
  expect((await fetch(`${base}/metrics`)).status).toBe(200);
  await server?.close();
  server = undefined;
  for (const socket of sockets) socket.destroy();
});

test('an address that is in use is refused with the remedy', async () => {
  const { port } = new URL(await start());
  const second = startHttpServer({
    listen: { host: '127.0.0.1', port: Number(port) },
    metrics: createMetrics('0'),
    askStore: () => Promise.resolve(),
    readiness: () => [],
  });
  await expect(second).rejects.toThrow(`could not listen on 127.0.0.1:${port}; stop what uses it, or give another address`);
});

test.each([
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.1.1', false],
  ['127.0.0.1.example.org', false],
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback({ host, port: 1 })).toBe(expected);
});
