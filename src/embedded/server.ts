import { randomUUID } from 'node:crypto';
import { type Clock, http } from '../lib/index.ts';
import { answer } from './answer.ts';
import { startCollector } from './collector.ts';
import { openDatabase } from './database.ts';
import { createHistory, type HistoryLimits } from './history.ts';
import type { StoredObject } from './records.ts';
import type { EmbeddedResource } from './resources.ts';
import { listenOnSocket } from './socket.ts';
import type { Writer } from './verbs.ts';
import { createWatches, type WatchLimits } from './watch.ts';

export type EmbeddedServerOptions = {
  /** The database file; made when it is not there. */
  database: string;
  /** The unix socket; its mode is 0600. */
  socket: string;
  resources: readonly EmbeddedResource[];
  clock: Clock;
  /** What is wrong with an object, all of it; called before every create and every update but of the status. */
  validate?: (object: StoredObject) => string[];
  /** Errors that no caller gets to see whole: a failing disk, a failing collection. */
  report?: (error: unknown) => void;
  newUid?: () => string;
  /** A number in [0, 1), for generated names. */
  random?: () => number;
  /** @default 10000 events of 64 MiB, 256 watchers, bookmarks every 10 s, 60 s for a stalled watcher, a database of 1 GiB */
  limits?: Partial<HistoryLimits & WatchLimits & { maxBytes: number }>;
};

export type EmbeddedServer = {
  /** Ends watches with a last bookmark, refuses new work, closes the database and removes the socket. */
  close(): Promise<void>;
};

const defaultLimits = {
  maxEvents: 10_000,
  maxEventBytes: 64 * 1024 * 1024,
  maxWatchers: 256,
  bookmarkMs: 10_000,
  stalledMs: 60_000,
  maxBytes: 1024 * 1024 * 1024,
};
const closePatienceMs = 500;
/** Letters and digits that can neither be mistaken for each other nor form words, as Kubernetes uses them. */
const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * Serves the subset of the Kubernetes API that Squall uses, over SQLite, on a unix socket. What was acknowledged survives
 * kill -9. Rejects with StateInUse when another process has the database or the socket.
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const { clock, resources, random = Math.random, report = () => undefined } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const database = openDatabase({ path: options.database, now: clock.now(), maxBytes: limits.maxBytes });
  const history = createHistory(database, limits);
  const watches = createWatches(history, limits);
  const writer: Writer = {
    history,
    now: () => new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z'),
    newUid: options.newUid ?? randomUUID,
    newSuffix: () => Array.from({ length: 5 }, () => suffixAlphabet[Math.floor(random() * suffixAlphabet.length)]).join(''),
    validate: options.validate ?? (() => []),
    written: (resource) => {
      watches.wake(resource);
      collector.wake();
    },
  };
  const collector = startCollector(history, writer, report);
  // What lost its owner in a former life.
  collector.wake();

  const server = http.createServer({ requestTimeout: 30_000, keepAliveTimeout: 60_000 }, (request, response) => {
    void answer({ resources, writer, watches, report }, request, response);
  });
  server.maxConnections = limits.maxWatchers * 2 + 64;
  const stop = () => {
    collector.stop();
    database.close();
  };
  try {
    await listenOnSocket(server, options.socket);
  } catch (error) {
    stop();
    throw error;
  }
  return {
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      watches.endAll();
      // What is being answered may be finished; a watcher that does not read is not waited for.
      const patience = setTimeout(() => {
        server.closeAllConnections();
      }, closePatienceMs);
      await closed;
      clearTimeout(patience);
      stop();
    },
  };
}
