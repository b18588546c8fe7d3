import { readFileSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { SquallError } from '../lib/index.ts';

/**
 * Objects as they are now, and the history of how they became so. A version is the number of the write that made it; the
 * history has no gaps, so that whoever knows everything up to one version can be told the rest. Each version's text is stored
 * once. It is kept while it is the current one, or while the event that replaced it (its `previous`) is in the history: with
 * it, every version still in the history can be listed exactly.
 */
const schema = `
  CREATE TABLE IF NOT EXISTS objects (
    resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    uid TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, owners TEXT,
    UNIQUE (resource, namespace, name)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS owned ON objects (uid) WHERE owners IS NOT NULL;
  CREATE TABLE IF NOT EXISTS texts (version INTEGER PRIMARY KEY, object TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS events (
    version INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, type TEXT NOT NULL,
    resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, previous INTEGER
  ) STRICT;
  CREATE INDEX IF NOT EXISTS events_by_resource ON events (resource, version);
`;

/** SQLite's primary result codes. */
const busy = 5;
const full = 13;

export type DatabaseOptions = {
  path: string;
  /** Milliseconds since 1970. */
  now: number;
  maxBytes: number;
};

/** Opens the database for this process alone; it stays locked until it is closed or the process ends, however it ends. */
export function openDatabase({ path, now, maxBytes }: DatabaseOptions): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 100 });
  try {
    // Exclusive locking needs no shared memory, which shared folders of virtual machines lack.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL');
    // What was acknowledged is on the disk.
    database.exec('PRAGMA synchronous = FULL');
    const { page_size: pageSize } = database.prepare('PRAGMA page_size').get() as { page_size: number };
    database.exec(`PRAGMA max_page_count = ${String(Math.floor(maxBytes / pageSize))}`);
    database.exec(`BEGIN IMMEDIATE; ${schema}`);
    // Versions begin at the present time, so that those of a database that was here before are too old, and not mistaken.
    database
      .prepare(
        `INSERT INTO events (version, bytes, type, resource, namespace, name)
         SELECT ?, 0, 'CREATED', '', '', '' WHERE NOT EXISTS (SELECT 1 FROM events)`,
      )
      .run(now);
    database.exec('COMMIT');
    return database;
  } catch (error) {
    database.close();
    if (sqliteCode(error) === busy) {
      throw new SquallError(
        'StateInUse',
        `${path} is in use by ${lockHolder(path)}; stop that process or use another state folder`,
        { cause: error },
      );
    }
    throw new SquallError('Unavailable', `could not open the database ${path}`, { cause: error });
  }
}

/** SQLite's primary result code, when the error is one of SQLite. */
export function sqliteCode(error: unknown): number | undefined {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : undefined;
}

export function isDiskFull(error: unknown): boolean {
  return sqliteCode(error) === full;
}

/** Runs all of it or nothing of it. */
export function transaction<T>(database: DatabaseSync, run: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = run();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // SQLite itself rolls back after some errors, a full disk among them.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** Who holds a lock on the file, as far as the kernel tells (proc(5), /proc/locks). */
function lockHolder(path: string): string {
  try {
    const inode = String(statSync(path).ino);
    for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
      const [, , , , processId, file] = line.trim().split(/\s+/);
      if (file?.split(':').at(-1) === inode) return `process ${String(processId)}`;
    }
  } catch {
    // The message names no process then; the refusal itself stands.
  }
  return 'another process';
}
