import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedServerOptions, startEmbeddedServer } from '../../src/embedded/index.ts';
import { codeOf, systemClock } from '../../src/lib/index.ts';
import {
  type AnyObject,
  createStore,
  type Resource,
  type Store,
  type Stored,
  transportFor,
  type WatchOptions,
} from '../../src/store/index.ts';
import { servedResources } from './resources.ts';

export type Thing = AnyObject & { data?: Record<string, string> };
export const things: Resource<Thing> = { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true };

export function thing(name: string, value = 'value', metadata: Partial<AnyObject['metadata']> = {}): Thing {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'shop', ...metadata }, data: { value } };
}

/** In memory where there is such a place: a killed process loses nothing there that it would keep on a disk, and tests are not slowed down by one. */
const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A folder of its own; disposing removes it. */
export function temporaryFolder(): Disposable & { path: string } {
  const path = mkdtempSync(join(parent, 'squall-store-'));
  return {
    path,
    [Symbol.dispose]: () => {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

export type RunningServer = AsyncDisposable & { folder: string; socket: string; store: Store };

/** An embedded server in this process, in a folder of its own, and a client to it. */
export async function startServer(options: Partial<EmbeddedServerOptions> = {}): Promise<RunningServer> {
  const folder = temporaryFolder();
  const socket = join(folder.path, 'api.sock');
  const server = await startEmbeddedServer({
    database: join(folder.path, 'store.db'),
    socket,
    resources: servedResources,
    clock: systemClock,
    ...options,
  });
  const store = createStore(transportFor({ socket }));
  return {
    folder: folder.path,
    socket,
    store,
    [Symbol.asyncDispose]: async () => {
      store.close();
      await server.close();
      folder[Symbol.dispose]();
    },
  };
}

/** The code that a call rejects with; 'fulfilled' when it does not. */
export async function codeFrom(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'fulfilled';
  } catch (error) {
    return codeOf(error);
  }
}

export type ObjectEvent<T extends AnyObject> = { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: Stored<T> };

/** What one watch tells until `enough`, or until the server ends it; bookmarks left out. */
export async function eventsUntil<T extends AnyObject>(
  store: Store,
  resource: Resource<T>,
  options: WatchOptions,
  enough: (events: ObjectEvent<T>[]) => boolean,
): Promise<ObjectEvent<T>[]> {
  const events: ObjectEvent<T>[] = [];
  const controller = new AbortController();
  for await (const event of store.watch(resource, options, controller.signal)) {
    if (event.type === 'BOOKMARK') continue;
    events.push(event);
    if (enough(events)) break;
  }
  return events;
}
