import type { IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';
import { http, loadHttps, SquallError } from '../lib/index.ts';
import { firstOf } from './deadline.ts';

/** Who asks: headers, and PEM of a client certificate and its key. */
export type Authorization = { headers: Record<string, string>; cert?: string; key?: string };

export type TransportOptions =
  /** The path of a unix socket. */
  | { socket: string }
  | {
      /** `https://host:port`, or http for tests; a path in it is kept as a prefix. */
      url: string;
      /** PEM. Absent: the authorities that Node trusts. */
      ca?: string;
      /** The name that the server's certificate must carry. @default the host of the URL */
      serverName?: string;
      /** Takes any certificate. @default false */
      insecureSkipTlsVerify?: boolean;
      /** Asked before every request, since credentials are rotated; `refused`: the server answered 401 to the last ones. */
      authorize?: (refused: boolean) => Promise<Authorization>;
    };

export type TransportRequest = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With query, beginning with a slash. */
  path: string;
  headers?: Record<string, string>;
  body?: string;
  signal: AbortSignal;
  /** A connection of its own, for streams that last. */
  dedicated?: boolean;
};

/** Sends requests to one server. It knows where the server is and who asks, and nothing of what is said. */
export type Transport = {
  /** Where it goes, for error messages. */
  name: string;
  /** Resolves when the headers of the answer are there; rejects with Unavailable when they never come. */
  send(request: TransportRequest): Promise<IncomingMessage>;
  close(): void;
};

const keepAlive = { keepAlive: true, maxSockets: 16, maxFreeSockets: 4 };

export function transportFor(options: TransportOptions): Transport {
  if ('socket' in options) {
    const agent = new http.Agent(keepAlive);
    return {
      name: options.socket,
      send: (request) => exchange(http, { socketPath: options.socket, agent: request.dedicated ? false : agent }, request),
      close: () => {
        agent.destroy();
      },
    };
  }
  return overNetwork(options);
}

function overNetwork({
  url,
  ca,
  serverName,
  insecureSkipTlsVerify = false,
  authorize,
}: Exclude<TransportOptions, { socket: string }>): Transport {
  const base = new URL(url);
  const client = base.protocol === 'https:' ? loadHttps() : http;
  const agent = new client.Agent(keepAlive);
  const prefix = base.pathname.replace(/\/$/, '');
  const target: RequestOptions = {
    host: base.hostname.replace(/^\[|\]$/g, ''),
    port: base.port,
    ca,
    ...(serverName === undefined ? {} : { servername: serverName }),
    rejectUnauthorized: !insecureSkipTlsVerify,
  };
  let refused = false;

  async function ask(request: TransportRequest): Promise<IncomingMessage> {
    const authorization = authorize ? await firstOf(authorize(refused), request.signal) : { headers: {} };
    refused = false;
    const { headers, ...certificate } = authorization;
    return await exchange(
      client,
      { ...target, ...certificate, agent: request.dedicated ? false : agent },
      { ...request, path: prefix + request.path, headers: { ...headers, ...request.headers } },
    );
  }

  return {
    name: base.origin,
    send: async (request) => {
      const answer = await ask(request);
      if (answer.statusCode !== 401 || !authorize) return answer;
      // Nothing was done: the request may be sent again, once, by whoever we are now.
      answer.resume();
      refused = true;
      const second = await ask(request);
      refused = second.statusCode === 401;
      return second;
    },
    close: () => {
      agent.destroy();
    },
  };
}

async function exchange(
  client: typeof http | ReturnType<typeof loadHttps>,
  target: RequestOptions,
  request: TransportRequest,
  retried = false,
): Promise<IncomingMessage> {
  const { method, path, headers, body, signal } = request;
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  return await new Promise((resolve, reject) => {
    const outgoing = client.request({ ...target, method, path, headers: { ...headers, ...length }, signal });
    outgoing.once('response', resolve);
    outgoing.once('error', (error: NodeJS.ErrnoException) => {
      // A server may close an idle connection just as it is used again. Only reading is safe to repeat without asking.
      const isStale = outgoing.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      if (isStale && method === 'GET' && !retried) {
        exchange(client, target, request, true).then(resolve, reject);
      } else {
        reject(new SquallError('Unavailable', `${method} ${path} was not answered`, { cause: error }));
      }
    });
    outgoing.end(body);
  });
}
