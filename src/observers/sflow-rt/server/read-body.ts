import type { IncomingMessage } from 'node:http';
import { SquallError } from '../../../lib/index.ts';
import { type Attributes, isAttributes, shown } from '../attributes.ts';
import { parseRelaxedJson } from './relaxed-json.ts';

export const longestBody = 64 * 1024;

/** The object in a PUT. @throws InvalidInput of anything else, and of what is too long */
export async function readBody(request: IncomingMessage): Promise<Attributes> {
  const chunks: Buffer[] = [];
  let length = 0;
  // What is too much is read on, within reason, and thrown away: a client that still writes would not see the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= longestBody) chunks.push(chunk);
    if (length > longestBody * 8) break;
  }
  if (length > longestBody) throw new SquallError('InvalidInput', `body: expected at most ${String(longestBody)} bytes`);
  const value = parseRelaxedJson(Buffer.concat(chunks).toString('utf8'));
  if (isAttributes(value)) return value;
  throw new SquallError('InvalidInput', `body ${shown(value)}: expected an object such as {"keys":"ipsource","value":"bytes"}`);
}
