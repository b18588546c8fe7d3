import type { IncomingMessage } from 'node:http';
import { SquallError } from '../lib/index.ts';
import { withDeadline } from './deadline.ts';
import { failureOf, readStatus } from './failure.ts';
import { collectionPath, objectPath, selectQuery, writePath } from './paths.ts';
import type { AnyObject, Keep, ListOptions, RequestOptions, Resource, Store, Stored } from './port.ts';
import type { Transport, TransportRequest } from './transport.ts';
import { watchStream } from './watch-stream.ts';

const defaultTimeoutMs = 10_000;
/** A page of objects larger than this is not read: ask for fewer. */
const answerLimit = 64 * 1024 * 1024;

export function createStore(transport: Transport): Store {
  const call = (request: Omit<TransportRequest, 'signal'>, options: RequestOptions = {}) =>
    exchangeJson(transport, request, options);
  const write = (method: 'POST' | 'PUT', path: string, object: unknown, options?: RequestOptions) =>
    call({ method, path, headers: { 'content-type': 'application/json' }, body: JSON.stringify(object) }, options);

  return {
    get: async (resource, key, options) =>
      asObject(resource, await call({ method: 'GET', path: objectPath(resource, key) }, options)),
    list: (resource, options = {}) => listAll(call, resource, options),
    create: async (resource, object, options) =>
      asObject(resource, await write('POST', writePath(resource, object.metadata.namespace), object, options)),
    update: async (resource, object, options) =>
      asObject(resource, await write('PUT', objectPath(resource, object.metadata), object, options)),
    updateStatus: async (resource, object, options) =>
      asObject(resource, await write('PUT', objectPath(resource, object.metadata, 'status'), object, options)),
    patchMetadata: async (resource, key, patch, options) => {
      const headers = { 'content-type': 'application/merge-patch+json' };
      const body = JSON.stringify({ metadata: patch });
      return asObject(resource, await call({ method: 'PATCH', path: objectPath(resource, key), headers, body }, options));
    },
    delete: async (resource, key, { uid, ...options } = {}) => {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: 'Background',
        ...(uid === undefined ? {} : { preconditions: { uid } }),
      });
      await call({ method: 'DELETE', path: objectPath(resource, key), headers, body }, options);
    },
    watch: (resource, options, signal) => watchStream(transport, resource, options, signal),
    close: () => {
      transport.close();
    },
  };
}

type ListAnswer = { metadata?: { resourceVersion?: string; continue?: string }; items?: unknown[] };

async function listAll<T extends AnyObject>(
  call: (request: Omit<TransportRequest, 'signal'>, options: RequestOptions) => Promise<unknown>,
  resource: Resource<T>,
  { namespace, pageSize = 500, keep = (object) => object, ...options }: ListOptions & Keep<T>,
): Promise<{ items: Stored<T>[]; resourceVersion: string }> {
  const path = collectionPath(resource, namespace);
  const items: Stored<T>[] = [];
  let token: string | undefined;
  for (;;) {
    const query = selectQuery(options, { limit: String(pageSize), continue: token });
    const answer = (await call({ method: 'GET', path: path + query }, options)) as ListAnswer;
    const resourceVersion = answer.metadata?.resourceVersion;
    if (!Array.isArray(answer.items) || resourceVersion === undefined) {
      throw new SquallError('Unavailable', `GET ${path}: the answer is no list with items and metadata.resourceVersion`);
    }
    for (const item of answer.items) items.push(keep(asObject(resource, item)));
    token = answer.metadata?.continue;
    if (token === undefined || token === '') return { items, resourceVersion };
  }
}

/** Items of a core list carry neither kind nor apiVersion; every object that leaves here does. */
function asObject<T extends AnyObject>(resource: Resource<T>, answer: unknown): Stored<T> {
  const { apiVersion, kind } = resource;
  const object: Partial<AnyObject> = { apiVersion, kind, ...(answer as object) };
  if (object.metadata?.uid === undefined || object.metadata.resourceVersion === undefined) {
    throw new SquallError(
      'Unavailable',
      `the server answered with something that is no ${kind}: it has no uid or resourceVersion`,
    );
  }
  return object as Stored<T>;
}

async function exchangeJson(
  transport: Transport,
  request: Omit<TransportRequest, 'signal'>,
  { signal, timeoutMs = defaultTimeoutMs }: RequestOptions,
): Promise<unknown> {
  const what = `${request.method} ${request.path} at ${transport.name}`;
  return await withDeadline(what, timeoutMs, signal, async (deadline) => {
    const headers = { accept: 'application/json', ...request.headers };
    const response = await transport.send({ ...request, headers, signal: deadline });
    const text = await readText(response, what);
    const code = response.statusCode ?? 0;
    if (code < 200 || code > 299) throw failureOf(what, code, readStatus(text));
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      throw new SquallError('Unavailable', `${what}: the answer is not JSON`, { cause: error });
    }
  });
}

export async function readText(response: IncomingMessage, what: string): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > answerLimit) {
      throw new SquallError(
        'InvalidInput',
        `${what}: the answer is larger than ${String(answerLimit)} bytes; ask for smaller pages`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
