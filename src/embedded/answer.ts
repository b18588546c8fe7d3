import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from './body.ts';
import { isDiskFull } from './database.ts';
import { discover } from './discovery.ts';
import { listPage } from './list.ts';
import { shown } from './records.ts';
import type { EmbeddedResource } from './resources.ts';
import { readRoute, type Route } from './route.ts';
import { readSelection } from './selectors.ts';
import { badRequest, failureStatus, type Outcome, type Refusal, refuse } from './status.ts';
import { create, get, patch, remove, update, type Writer } from './verbs.ts';
import type { Watches } from './watch.ts';

const longestWatchSeconds = 3600;

export type Serving = {
  resources: readonly EmbeddedResource[];
  writer: Writer;
  watches: Watches;
  report: (error: unknown) => void;
};

/** One request, from its path to its last byte. Whatever fails is answered, and the server goes on. */
export async function answer(serving: Serving, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let outcome: Outcome<Reply>;
  try {
    const route = readRoute(request.method ?? '', request.url ?? '', serving.resources);
    const body = 'refusal' in route ? route : await readBody(request);
    outcome = 'refusal' in route ? route : 'refusal' in body ? body : perform(serving, route.value, body.value, response);
  } catch (error) {
    serving.report(error);
    outcome = failed(error);
  }
  if (response.headersSent || response.destroyed) return;
  if ('refusal' in outcome) sendRefusal(request, response, outcome.refusal);
  else if (outcome.value !== 'streaming') send(response, outcome.value.code, outcome.value.json);
}

/** What goes out as one JSON text, or a watch that has taken over the response. */
type Reply = { code: number; json: string } | 'streaming';

function perform({ resources, writer, watches }: Serving, route: Route, body: unknown, response: ServerResponse): Outcome<Reply> {
  switch (route.verb) {
    case 'discover': {
      const found = discover(route.path, resources, process.pid);
      return found ? ok(found) : refuse(404, 'NotFound', `the server does not serve '${route.path}'`);
    }
    case 'list':
    case 'watch':
      return observe({ writer, watches }, route, response);
    case 'create':
      return reply(201, create(writer, route.resource, route.namespace, body));
    case 'get':
      return reply(200, get(writer, route));
    case 'update':
      return reply(200, update(writer, route, route.subresource, body));
    case 'patch':
      return reply(200, patch(writer, route, route.subresource, body));
    case 'delete':
      return reply(200, remove(writer, route, body));
  }
}

type ObserveRoute = Extract<Route, { verb: 'list' | 'watch' | 'create' }>;

function observe(
  { writer, watches }: Pick<Serving, 'writer' | 'watches'>,
  { verb, resource, namespace, query }: ObserveRoute,
  response: ServerResponse,
): Outcome<Reply> {
  const numbers = readNumbers(query, verb === 'list' ? ['limit'] : ['resourceVersion', 'timeoutSeconds']);
  if ('refusal' in numbers) return numbers;
  const selection = readSelection(namespace, query.get('labelSelector') ?? '', query.get('fieldSelector') ?? '');
  if ('refusal' in selection) return selection;
  const { limit = 0, resourceVersion: version, timeoutSeconds = longestWatchSeconds } = numbers.value;
  if (verb === 'list') {
    const page = listPage(writer.history, resource, selection.value, limit === 0 ? Infinity : limit, query.get('continue') ?? '');
    return 'refusal' in page ? page : { value: { code: 200, json: page.value } };
  }
  if (version === undefined) return badRequest('resourceVersion: a watch begins at the version of a list; list first');
  const opened = watches.open(response, {
    resource,
    selection: selection.value,
    version,
    bookmarks: query.get('allowWatchBookmarks') === 'true',
    timeoutSeconds: Math.min(timeoutSeconds, longestWatchSeconds),
  });
  return 'refusal' in opened ? opened : { value: 'streaming' };
}

function readNumbers(query: URLSearchParams, names: readonly string[]): Outcome<Partial<Record<string, number>>> {
  const numbers: Partial<Record<string, number>> = {};
  for (const name of names) {
    const text = query.get(name);
    if (text === null || text === '') continue;
    if (!/^\d{1,15}$/.test(text)) return badRequest(`${name} ${shown(text)}: expected a whole number`);
    numbers[name] = Number(text);
  }
  return { value: numbers };
}

function ok(value: object): Outcome<Reply> {
  return { value: { code: 200, json: JSON.stringify(value) } };
}

function reply(code: number, outcome: Outcome<object>): Outcome<Reply> {
  return 'refusal' in outcome ? outcome : { value: { code, json: JSON.stringify(outcome.value) } };
}

function failed(error: unknown): { refusal: Refusal } {
  if (isDiskFull(error)) {
    return refuse(
      507,
      'InsufficientStorage',
      'the disk or the database is full; nothing was written: free some space and try again',
    );
  }
  const message = error instanceof Error ? error.message : String(error);
  return refuse(500, 'InternalError', `the server failed: ${message}`);
}

function sendRefusal(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  if (refusal.code === 429) response.setHeader('retry-after', '1');
  // What was not read of a body would be taken for the next request.
  if (!request.complete) response.setHeader('connection', 'close');
  send(response, refusal.code, JSON.stringify(failureStatus(refusal)));
}

function send(response: ServerResponse, code: number, json: string): void {
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) });
  response.end(json);
}
