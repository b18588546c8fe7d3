import type { IncomingMessage } from 'node:http';
import { SquallError } from '../lib/index.ts';
import { asUnavailable, firstOf, withDeadline } from './deadline.ts';
import { failureOf, type KubeStatus, readStatus } from './failure.ts';
import { collectionPath, selectQuery } from './paths.ts';
import type { AnyObject, Resource, Stored, WatchEvent, WatchOptions } from './port.ts';
import type { Transport } from './transport.ts';

const headersTimeoutMs = 10_000;
/** An event larger than this is no object of a Kubernetes server, whose objects end at 1.5 MiB. */
const lineLimit = 16 * 1024 * 1024;

/** One watch over one connection of its own; it ends quietly with the server's end or the signal, and rejects otherwise. */
export async function* watchStream<T extends AnyObject>(
  transport: Transport,
  resource: Resource<T>,
  options: WatchOptions,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const { namespace, resourceVersion, timeoutSeconds = 300, silenceMs = 90_000 } = options;
  const query = selectQuery(options, {
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion,
    timeoutSeconds: String(Math.ceil(timeoutSeconds)),
  });
  const path = collectionPath(resource, namespace) + query;
  const what = `watch of ${resource.plural} at ${transport.name}`;
  const connection = new AbortController();
  const stop = () => {
    connection.abort(signal.reason);
  };
  const silence = setTimeout(() => {
    connection.abort(new SquallError('Unavailable', `${what} was silent for ${String(silenceMs)} ms`));
  }, silenceMs);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const response = await openWatch(transport, path, what, connection);
    const onBytes = () => {
      silence.refresh();
    };
    for await (const line of linesOf(response, what, onBytes)) {
      if (line !== '') yield readEvent(resource, line, what);
    }
  } catch (error) {
    if (signal.aborted) return;
    throw asUnavailable(what, connection.signal.aborted ? connection.signal.reason : error);
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', stop);
    connection.abort();
  }
}

/** Only the wait for the headers has a deadline of its own; afterwards the silence limit watches over the connection. */
async function openWatch(
  transport: Transport,
  path: string,
  what: string,
  connection: AbortController,
): Promise<IncomingMessage> {
  const { signal } = connection;
  const sent = transport.send({ method: 'GET', path, headers: { accept: 'application/json' }, signal, dedicated: true });
  const response = await withDeadline(what, headersTimeoutMs, signal, (deadline) => firstOf(sent, deadline));
  if (response.statusCode === 200) return response;
  const body = await withDeadline(what, headersTimeoutMs, signal, (deadline) => firstOf(bodyStart(response), deadline));
  throw failureOf(what, response.statusCode ?? 0, readStatus(body));
}

/** Enough of a refusal to say what it is. */
async function bodyStart(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response as AsyncIterable<string>) {
    text += chunk;
    if (text.length > 64 * 1024) break;
  }
  return text;
}

/** Whole lines only: what a broken connection leaves of a line was never said. */
async function* linesOf(response: IncomingMessage, what: string, onBytes: () => void): AsyncGenerator<string, void, undefined> {
  let rest = '';
  response.setEncoding('utf8');
  for await (const chunk of response as AsyncIterable<string>) {
    onBytes();
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > lineLimit)
      throw new SquallError('Unavailable', `${what}: an event is longer than ${String(lineLimit)} bytes`);
    yield* lines;
  }
}

function readEvent<T extends AnyObject>(resource: Resource<T>, line: string, what: string): WatchEvent<T> {
  let event: { type?: string; object?: unknown };
  try {
    event = JSON.parse(line) as typeof event;
  } catch (error) {
    throw new SquallError('Unavailable', `${what}: an event is not JSON`, { cause: error });
  }
  if (event.type === 'ERROR') {
    const status = (event.object ?? {}) as KubeStatus;
    throw failureOf(what, status.code ?? 500, status);
  }
  const object = { apiVersion: resource.apiVersion, kind: resource.kind, ...(event.object as object) } as Partial<Stored<T>>;
  const resourceVersion = object.metadata?.resourceVersion;
  if (resourceVersion !== undefined) {
    if (event.type === 'BOOKMARK') return { type: 'BOOKMARK', resourceVersion };
    if (event.type === 'ADDED' || event.type === 'MODIFIED' || event.type === 'DELETED') {
      return { type: event.type, object: object as Stored<T> };
    }
  }
  throw new SquallError(
    'Unavailable',
    `${what}: expected an event with a known type and a resourceVersion, found '${String(event.type)}'`,
  );
}
