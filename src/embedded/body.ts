import type { IncomingMessage } from 'node:http';
import { badRequest, type Outcome, refuse } from './status.ts';

/** etcd's limit for one object, and so Kubernetes'. */
export const bodyLimit = 1.5 * 1024 * 1024;

const contentTypes: Record<string, string[]> = {
  POST: ['application/json'],
  PUT: ['application/json'],
  PATCH: ['application/merge-patch+json'],
  DELETE: ['application/json', ''],
};

/** The JSON body of a write; undefined when there is none. */
export async function readBody(request: IncomingMessage): Promise<Outcome<unknown>> {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
  const accepted = contentTypes[request.method ?? ''];
  if (accepted === undefined) return { value: undefined };
  if (!accepted.includes(type)) {
    return refuse(415, 'UnsupportedMediaType', `content-type '${type}': ${request.method ?? ''} takes ${accepted[0] ?? ''}`);
  }
  const chunks: Buffer[] = [];
  let length = 0;
  // What is too much is read to its end, within reason, and thrown away: a client that still writes would not see the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= bodyLimit) chunks.push(chunk);
    if (length > bodyLimit * 8) break;
  }
  if (length > bodyLimit) {
    return refuse(413, 'RequestEntityTooLarge', `the body is larger than ${String(bodyLimit)} bytes; store large data elsewhere`);
  }
  if (length === 0) return { value: undefined };
  try {
    return { value: JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown };
  } catch {
    return badRequest('the body is not JSON');
  }
}
