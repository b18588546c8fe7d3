import type { AddressInfo } from 'node:net';
import { errorFacts, messageOf, SquallError } from '../lib/index.ts';
import type { Metrics } from './metrics.ts';
import type { ReadinessReason } from './readiness.ts';

/** Port 0 lets the kernel draw one. */
export type HttpAddress = { host: string; port: number };

export type HttpServerOptions = {
  listen: HttpAddress;
  /** Which names the address. @default --listen */
  option?: string;
  metrics: Pick<Metrics, 'text' | 'contentType'>;
  /** Resolves when the store answers a request that writes nothing; rejects when it does not within its time. */
  askStore: () => Promise<void>;
  readiness: () => ReadinessReason[];
};

export type HttpServer = {
  /** Where it really listens. */
  address: HttpAddress;
  /** Ends at once, also what slow clients have not read yet. */
  close(): Promise<void>;
};

const paths = ['/metrics', '/healthz', '/readyz'];

/** Serves /metrics, /healthz and /readyz to GET and HEAD. Rejects with Unavailable when the address cannot be used. */
export async function startHttpServer({
  listen,
  option = '--listen',
  metrics,
  askStore,
  readiness,
}: HttpServerOptions): Promise<HttpServer> {
  // Twice as large as all the rest of the program, and only wanted here.
  const { default: fastify } = await import('fastify');
  const app = fastify({
    bodyLimit: 1024,
    requestTimeout: 5000,
    // A client that does not read is let go after so long without a byte.
    connectionTimeout: 10_000,
    keepAliveTimeout: 5000,
    forceCloseConnections: true,
    http: { maxHeaderSize: 8192 },
  });
  app.server.maxConnections = 64;
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    done();
  });
  const askStoreOnce = shareWhileRunning(askStore);

  app.get('/metrics', async (_request, reply) => {
    reply.type(metrics.contentType);
    return await metrics.text();
  });
  app.get('/healthz', async (_request, reply) => {
    try {
      await askStoreOnce();
      return { status: 'ok', reasons: [] };
    } catch (error) {
      reply.code(503);
      return { status: 'unavailable', reasons: [{ reason: 'StoreSilent', message: messageOf(error) }] };
    }
  });
  app.get('/readyz', (_request, reply) => {
    const reasons = readiness();
    const isReady = reasons.length === 0;
    reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ok' : 'unavailable', reasons });
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    if (paths.includes(path)) {
      const message = `${path} answers GET and HEAD, and the request is a ${request.method}`;
      reply.code(405).header('allow', 'GET, HEAD').send({ code: 'InvalidInput', message });
      return;
    }
    const message = `there is no ${path.slice(0, 100)} here; there are ${paths.join(', ')}`;
    reply.code(404).send({ code: 'NotFound', message });
  });
  app.setErrorHandler((error: { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? errorFacts('Internal').http;
    reply.code(status).send({ code: status < 500 ? 'InvalidInput' : 'Internal', message: messageOf(error) });
  });
  try {
    await app.listen(listen);
  } catch (error) {
    await app.close();
    throw new SquallError(
      'Unavailable',
      `could not listen on ${formatAddress(listen)}; stop what uses it, or give another address with ${option}`,
      { cause: error },
    );
  }
  const { port } = app.server.address() as AddressInfo;
  return {
    address: { host: listen.host, port },
    close: () => app.close(),
  };
}

export function formatAddress({ host, port }: HttpAddress): string {
  return host.includes(':') ? `[${host}]:${String(port)}` : `${host}:${String(port)}`;
}

/** Names and addresses that nobody but this machine reaches. */
export function isLoopback({ host }: HttpAddress): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** However many ask at once, one call is made: a store that hangs must not gather requests. */
function shareWhileRunning(call: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return async () => {
    running ??= call().finally(() => {
      running = undefined;
    });
    await running;
  };
}
