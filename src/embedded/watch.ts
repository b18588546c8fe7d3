import type { ServerResponse } from 'node:http';
import type { EventRow, History } from './history.ts';
import { selects } from './list.ts';
import { type EmbeddedResource, resourceId } from './resources.ts';
import type { Selection } from './selectors.ts';
import { expired, failureStatus, type Outcome, refuse } from './status.ts';

export type WatchLimits = {
  maxWatchers: number;
  /** Milliseconds between bookmarks. */
  bookmarkMs: number;
  /** A watcher that has not taken what was written for so long is cut off. */
  stalledMs: number;
};

export type WatchRequest = {
  resource: EmbeddedResource;
  selection: Selection;
  /** Everything after this version is told. */
  version: number;
  bookmarks: boolean;
  timeoutSeconds: number;
};

/** All open watches of one server. */
export type Watches = {
  open(response: ServerResponse, request: WatchRequest): Outcome<undefined>;
  /** Tells the watchers of a resource that the history has grown. */
  wake(resource: string): void;
  endAll(): void;
  count(): number;
};

type Watcher = { wake(): void; end(): void };

export function createWatches(history: History, limits: WatchLimits): Watches {
  const watchersOf = new Map<string, Set<Watcher>>();
  const count = () => [...watchersOf.values()].reduce((sum, watchers) => sum + watchers.size, 0);
  return {
    open: (response, request) => {
      if (count() >= limits.maxWatchers) {
        return refuse(429, 'TooManyRequests', `there are ${String(limits.maxWatchers)} watches already; try again later`);
      }
      if (request.version < history.oldest() || request.version > history.newest()) return expired(request.version);
      const id = resourceId(request.resource);
      const watchers = watchersOf.get(id) ?? new Set();
      watchersOf.set(id, watchers);
      const watcher = startWatcher(history, limits, response, request, () => watchers.delete(watcher));
      watchers.add(watcher);
      watcher.wake();
      return { value: undefined };
    },
    wake: (resource) => {
      for (const watcher of watchersOf.get(resource) ?? []) watcher.wake();
    },
    endAll: () => {
      for (const watchers of watchersOf.values()) for (const watcher of [...watchers]) watcher.end();
    },
    count,
  };
}

/**
 * A watcher holds a place in the history and nothing else: it reads on only while its connection takes what was written. One
 * that reads slowly costs no memory, and is told Expired once the history has gone past it.
 */
function startWatcher(
  history: History,
  { bookmarkMs, stalledMs }: WatchLimits,
  response: ServerResponse,
  { resource, selection, version, bookmarks, timeoutSeconds }: WatchRequest,
  onEnd: () => void,
): Watcher {
  let told = version;
  let stalled: NodeJS.Timeout | undefined;
  const id = resourceId(resource);
  /** Nothing may be written now: it waits for room, or it is over. */
  const isHeld = () => stalled !== undefined || response.writableEnded || response.destroyed;

  /** False when the connection is full; it goes on by itself as soon as there is room. */
  const write = (line: string): boolean => {
    if (response.write(line)) return true;
    stalled = setTimeout(() => response.destroy(), stalledMs);
    return false;
  };
  const pump = () => {
    if (isHeld()) return;
    if (told < history.oldest()) {
      const { refusal } = expired(told);
      response.end(JSON.stringify({ type: 'ERROR', object: failureStatus(refusal) }) + '\n');
      return;
    }
    for (const row of history.eventsAfter(id, told)) {
      told = row.version;
      const line = eventLine(history, row, selection);
      if (line !== undefined && !write(line)) return;
    }
    told = history.newest();
  };
  const bookmark = () => {
    pump();
    if (!bookmarks || isHeld()) return;
    const { kind, apiVersion } = resource;
    const object = { kind, apiVersion, metadata: { resourceVersion: String(told), creationTimestamp: null } };
    write(JSON.stringify({ type: 'BOOKMARK', object }) + '\n');
  };
  const end = () => {
    bookmark();
    response.end();
  };

  const bookmarkTimer = setInterval(bookmark, bookmarkMs);
  const endTimer = setTimeout(end, timeoutSeconds * 1000);
  response.on('drain', () => {
    clearTimeout(stalled);
    stalled = undefined;
    pump();
  });
  response.once('close', () => {
    clearTimeout(stalled);
    clearInterval(bookmarkTimer);
    clearTimeout(endTimer);
    onEnd();
  });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  return { wake: pump, end };
}

/** What an event is to somebody who sees only what the selection selects; undefined: nothing. */
function eventLine(history: History, row: EventRow, selection: Selection): string | undefined {
  const { type, version, previous } = row;
  const before = previous !== null && selects(selection, row, () => history.object(previous));
  const after = type !== 'DELETED' && selects(selection, row, () => history.object(version));
  if (after) return `{"type":"${before ? 'MODIFIED' : 'ADDED'}","object":${history.text(version)}}\n`;
  if (before) return `{"type":"DELETED","object":${atVersion(history.text(previous), version)}}\n`;
  return undefined;
}

/** An object that is deleted, or leaves a selection, is told as it was, with the version at which it went. */
function atVersion(text: string, version: number): string {
  const object = JSON.parse(text) as { metadata: { resourceVersion: string } };
  object.metadata.resourceVersion = String(version);
  return JSON.stringify(object);
}
