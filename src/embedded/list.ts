import type { History } from './history.ts';
import type { StoredObject } from './records.ts';
import { type EmbeddedResource, resourceId } from './resources.ts';
import type { Selection } from './selectors.ts';
import { badRequest, expired, type Outcome } from './status.ts';

/** Where a list goes on: the snapshot's version and the last object that was given. Opaque to clients. */
type Place = { version: number; namespace: string; name: string };

/**
 * One page of a consistent snapshot as JSON text: all pages show the version of the first. Objects go out as they are stored,
 * unparsed unless a selector looks into them.
 */
export function listPage(
  history: History,
  resource: EmbeddedResource,
  selection: Selection,
  limit: number,
  token: string,
): Outcome<string> {
  const place = token === '' ? { version: history.newest(), namespace: '', name: '' } : readToken(token);
  if (place === undefined) return badRequest('continue: expected the token of the page before');
  if (place.version < history.oldest() || place.version > history.newest()) return expired(place.version);

  const items: string[] = [];
  let last = place;
  let more = false;
  for (const row of history.snapshot(resourceId(resource), place.version, place)) {
    if (!selects(selection, row, () => history.object(row.version))) continue;
    if (items.length === limit) {
      more = true;
      break;
    }
    items.push(history.text(row.version));
    last = { ...place, namespace: row.namespace, name: row.name };
  }
  const metadata = { resourceVersion: String(place.version), ...(more ? { continue: writeToken(last) } : {}) };
  const head = JSON.stringify({ kind: `${resource.kind}List`, apiVersion: resource.apiVersion, metadata });
  return { value: `${head.slice(0, -1)},"items":[${items.join(',')}]}` };
}

/** Whether an object is asked for; it is only read when namespace and name do not decide it. */
export function selects(selection: Selection, row: { namespace: string; name: string }, object: () => StoredObject): boolean {
  if (selection.namespace !== undefined && selection.namespace !== row.namespace) return false;
  if (selection.name !== undefined && selection.name !== row.name) return false;
  return selection.matches === undefined || selection.matches(object());
}

function writeToken(place: Place): string {
  return Buffer.from(JSON.stringify([place.version, place.namespace, place.name])).toString('base64url');
}

function readToken(token: string): Place | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (!Array.isArray(parts)) return undefined;
    const [version, namespace, name] = parts as unknown[];
    if (Number.isSafeInteger(version) && typeof namespace === 'string' && typeof name === 'string') {
      return { version: version as number, namespace, name };
    }
  } catch {
    // Refused below, like every other token that is not ours.
  }
  return undefined;
}
