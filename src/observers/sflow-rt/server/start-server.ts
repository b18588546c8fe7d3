import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { http, messageOf, SquallError } from '../../../lib/index.ts';
import type { NetworkCrossing } from '../../network-observer.ts';
import type { SflowRtCollector } from '../collector-port.ts';
import { type Answer, errorAnswer, textAnswer } from './answer.ts';
import { createDefinitions, type Definitions, restSubscription } from './definitions.ts';
import { definitionRoutes } from './definition-routes.ts';
import { createEventLog, type EventLog } from './event-log.ts';
import { eventRoutes } from './event-routes.ts';
import { readBody } from './read-body.ts';
import { findRoute, type Method, refuseMethod, type Route } from './route.ts';
import { trafficRoutes } from './traffic-routes.ts';

export type SflowRtServerOptions = {
  collector: SflowRtCollector;
  /** Nobody has to say who they are: anything but loopback lets all who reach it define flows. @default 127.0.0.1 */
  host?: string;
  /** 0 lets the kernel draw one. @default 8008, sFlow-RT's */
  port?: number;
  /** Refuses PUT and DELETE, as sFlow-RT's `http.readonly`. */
  readOnly?: boolean;
  /** What /version says. */
  version?: string;
  /** Of errors that are nobody's input: a collector that fails. */
  log?: (message: string) => void;
  now?: () => number;
  limits?: Partial<SflowRtServerLimits>;
};

export type SflowRtServerLimits = {
  mostEvents: number;
  mostWaiting: number;
  mostConnections: number;
  /** So long a client may take to ask, and to take each piece of an answer. */
  slowClientMs: number;
};

export type SflowRtServer = {
  address: { host: string; port: number };
  /** Answers the long polls, forgets the definitions, and ends. */
  close: () => Promise<void>;
};

const usualLimits: SflowRtServerLimits = { mostEvents: 4096, mostWaiting: 256, mostConnections: 512, slowClientMs: 10_000 };

/** Serves sFlow-RT's REST subset over a collector. @throws Unavailable where it cannot listen */
export async function startSflowRtServer(options: SflowRtServerOptions): Promise<SflowRtServer> {
  const { collector, host = '127.0.0.1', port = 8008, version = '3.0-squall', readOnly = false } = options;
  const { now = Date.now, log = () => undefined } = options;
  const limits = { ...usualLimits, ...options.limits };
  const definitions = createDefinitions(collector);
  const events = createEventLog(limits);
  const closing = new AbortController();
  const routes: Route[] = [
    { pattern: '/version', methods: { GET: () => textAnswer(version) } },
    ...definitionRoutes(definitions),
    ...eventRoutes(events),
    ...trafficRoutes(collector, definitions, now),
  ];
  const endCrossings = collector.onCrossing((crossing) => {
    if (crossing.subscription === restSubscription) addCrossing(events, definitions, crossing);
  });

  async function reply(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => {
      gone.abort();
    });
    let answer: Answer;
    try {
      answer = await answerTo(routes, readOnly, request, AbortSignal.any([gone.signal, closing.signal]));
    } catch (error) {
      answer = errorAnswer(error);
      if (answer.status === 500) log(`${request.method ?? ''} ${(request.url ?? '').slice(0, 200)}: ${answer.body}`);
    }
    if (response.destroyed) return;
    response.setTimeout(limits.slowClientMs, () => response.destroy());
    send(request, response, answer);
  }

  const server = http.createServer(
    {
      headersTimeout: limits.slowClientMs,
      requestTimeout: limits.slowClientMs,
      connectionsCheckingInterval: Math.min(1000, limits.slowClientMs),
      keepAliveTimeout: 5000,
      maxHeaderSize: 8192,
    },
    (request, response) => {
      void reply(request, response);
    },
  );
  server.maxConnections = limits.mostConnections;
  try {
    await listen(server, host, port);
  } catch (cause) {
    endCrossings();
    const message = `could not listen on ${host} port ${String(port)}; stop what uses it, or give another address`;
    throw new SquallError('Unavailable', message, { cause });
  }
  return {
    address: { host, port: (server.address() as AddressInfo).port },
    close: async () => {
      endCrossings();
      closing.abort();
      events.close();
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      // Long polls get their last answer first.
      setImmediate(() => {
        server.closeAllConnections();
      });
      await closed;
      // A collector that has ended holds none any more, and one that is silent must not hold up whoever ends.
      await collector.remove(restSubscription).catch((error: unknown) => {
        log(`the definitions of the REST API were not taken out: ${messageOf(error)}`);
      });
    },
  };
}

async function answerTo(
  routes: readonly Route[],
  readOnly: boolean,
  request: IncomingMessage,
  signal: AbortSignal,
): Promise<Answer> {
  const { route, parts, query } = findRoute(routes, request.url ?? '');
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
  const handle = Object.hasOwn(route.methods, method) ? route.methods[method as Method] : undefined;
  if (handle === undefined) return refuseMethod(route, method);
  if (readOnly && method !== 'GET') {
    throw new SquallError('PermissionDenied', `${method} ${route.pattern}: this server is read-only`);
  }
  const body = method === 'PUT' ? await readBody(request) : {};
  return await handle({ parts, query, body, signal });
}

function addCrossing(events: EventLog, definitions: Definitions, crossing: NetworkCrossing): void {
  const metric = definitions.metricOf(crossing.threshold);
  // Deleted in the meantime: nobody asks for it any more.
  if (metric === undefined) return;
  events.add({
    timestamp: crossing.at,
    thresholdID: crossing.threshold,
    name: crossing.threshold,
    metric,
    threshold: crossing.limit,
    value: crossing.value,
    agent: crossing.agent,
    dataSource: crossing.dataSource,
    ...(crossing.flow === undefined ? {} : { flowKey: crossing.flow }),
  });
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Answer): void {
  // What was not read of a body would be taken for the next request.
  if (!request.complete) response.setHeader('connection', 'close');
  const length = status === 204 ? {} : { 'content-length': Buffer.byteLength(body) };
  response.writeHead(status, { ...headers, ...length, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function listen(server: ReturnType<typeof http.createServer>, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
