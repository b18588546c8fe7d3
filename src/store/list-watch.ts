import { backoff, type Clock, SquallError } from '../lib/index.ts';
import { type Change, changesOfEvent, changesOfList, keyOf, keyText, type Sighting } from './changes.ts';
import type { AnyObject, Resource, SelectOptions, Store, Stored } from './port.ts';

export type ListWatchOptions = SelectOptions & {
  pageSize?: number;
  /** See WatchOptions. @default 90000 */
  silenceMs?: number;
  /** Seconds after which the server ends each watch, lengthened by up to a quarter so that many watches do not end together. @default 240 */
  timeoutSeconds?: number;
  /** Milliseconds between tries. @default first 50, most 10000 */
  retry?: { first: number; most: number };
};

/** Every object's life as added, then any number of modified, then deleted; never two lives mixed, never a step back. */
export type ListWatchHandler<T extends AnyObject> = {
  change(change: Change<T>, sighting: Sighting): void;
  /** Once: everything that existed at the start has been handed over. */
  synced?(): void;
  trouble?: WatchTrouble;
};

/** Told that a stream is interrupted and goes on after `retryInMs`; nothing is lost. @param resource the plural of its kind */
export type WatchTrouble = (error: SquallError, retryInMs: number, resource: string) => void;

/** A watch that lived for so long, or told something new, was a success, however it ended: the next try is not held back. */
const settledMs = 5_000;

/**
 * Lists one resource, then follows its changes for ever: it resumes where a connection broke, lists again when the server has
 * forgotten that place, and waits longer after every try that brought nothing.
 * Resolves when the signal fires; rejects only with what the handler throws.
 */
export async function listWatch<T extends AnyObject>(
  store: Store,
  resource: Resource<T>,
  options: ListWatchOptions,
  handler: ListWatchHandler<T>,
  clock: Clock,
  random: () => number,
  signal: AbortSignal,
): Promise<void> {
  let synced = false;
  for await (const step of follow(store, resource, options, clock, random, signal)) {
    if ('trouble' in step) {
      handler.trouble?.(step.trouble, step.retryInMs, resource.plural);
      continue;
    }
    for (const change of step.changes) handler.change(change, step.sighting);
    if (!synced) handler.synced?.();
    synced = true;
  }
}

type Step<T extends AnyObject> = { changes: Change<T>[]; sighting: Sighting } | { trouble: SquallError; retryInMs: number };

async function* follow<T extends AnyObject>(
  store: Store,
  resource: Resource<T>,
  options: ListWatchOptions,
  clock: Clock,
  random: () => number,
  signal: AbortSignal,
): AsyncGenerator<Step<T>, void, undefined> {
  const { pageSize, silenceMs, timeoutSeconds = 240, retry, ...selection } = options;
  const known = new Map<string, Stored<T>>();
  let resourceVersion: string | undefined;
  let attempt = 0;
  // After trouble a watch first tells what was missed, and nothing but a bookmark says where that ends.
  let sighting: Sighting = 'live';
  while (!signal.aborted) {
    let trouble: SquallError | undefined;
    let watchingSince = Infinity;
    let toldNews = false;
    try {
      if (resourceVersion === undefined) {
        const list = await store.list(resource, { ...selection, pageSize, signal });
        const changes = changesOfList(known, list.items);
        remember(known, changes);
        resourceVersion = list.resourceVersion;
        sighting = 'live';
        yield { changes, sighting: 'earlier' };
      }
      watchingSince = clock.monotonic();
      const watchOptions = { ...selection, resourceVersion, silenceMs, timeoutSeconds: timeoutSeconds * (1 + random() / 4) };
      for await (const event of store.watch(resource, watchOptions, signal)) {
        if (event.type === 'BOOKMARK') {
          resourceVersion = event.resourceVersion;
          sighting = 'live';
          continue;
        }
        const changes = changesOfEvent(known, event);
        remember(known, changes);
        resourceVersion = event.object.metadata.resourceVersion;
        if (changes.length === 0) continue;
        toldNews = true;
        yield { changes, sighting };
      }
    } catch (error) {
      trouble = error instanceof SquallError ? error : new SquallError('Internal', 'list and watch failed', { cause: error });
      if (trouble.code === 'Expired') resourceVersion = undefined;
      sighting = 'earlier';
    }
    if (isAborted(signal)) return;
    if (toldNews || clock.monotonic() - watchingSince >= settledMs) attempt = 0;
    const retryInMs = backoff(attempt, random(), retry);
    attempt += 1;
    if (trouble) yield { trouble, retryInMs };
    await pause(clock, retryInMs, signal);
  }
}

/** A call, since TypeScript would take the loop's condition for still true after an await. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

async function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(milliseconds, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function remember<T extends AnyObject>(known: Map<string, Stored<T>>, changes: readonly Change<T>[]): void {
  for (const { type, object } of changes) {
    if (type === 'deleted') known.delete(keyText(keyOf(object)));
    else known.set(keyText(keyOf(object)), object);
  }
}
