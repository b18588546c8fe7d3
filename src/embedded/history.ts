import type { DatabaseSync } from 'node:sqlite';
import { isDiskFull, transaction } from './database.ts';
import type { StoredObject } from './records.ts';

export type Place = { resource: string; namespace: string; name: string };
export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';
/** Where an object was, and at which version; `text` has what it was. */
export type Row = { namespace: string; name: string; version: number };
/** `previous` is the version that the event replaced or deleted. */
export type EventRow = Row & { type: EventType; previous: number | null };

/** One write, decided: what shall be, and what was there before. */
export type Write = Place & { version: number } & (
    | { type: 'ADDED'; object: StoredObject }
    | { type: 'MODIFIED'; object: StoredObject; previous: StoredObject }
    | { type: 'DELETED'; previous: StoredObject }
  );

const mostParsed = 8;

export type HistoryLimits = {
  /** Events kept for watches that resume. */
  maxEvents: number;
  /** Characters of the objects that are kept for these events only. */
  maxEventBytes: number;
};

/** Objects and their history: the only code that reads and writes the tables. */
export type History = ReturnType<typeof createHistory>;

export function createHistory(database: DatabaseSync, limits: HistoryLimits) {
  const sql = statements(database);
  let { oldest, newest, bytes } = sql.extent.get() as { oldest: number; newest: number; bytes: number };

  const text = (version: number): string => {
    const row = sql.text.get(version) as { object: string } | undefined;
    if (row === undefined) throw new Error(`the text of version ${String(version)} is not in the database`);
    return row.object;
  };

  /** One event is put before several watchers, one after the other: the last few objects are parsed once. */
  const parsed = new Map<number, StoredObject>();
  const object = (version: number): Readonly<StoredObject> => {
    const known = parsed.get(version) ?? (JSON.parse(text(version)) as StoredObject);
    parsed.set(version, known);
    const [oldestParsed] = parsed.keys();
    if (parsed.size > mostParsed && oldestParsed !== undefined) parsed.delete(oldestParsed);
    return known;
  };

  /** Forgets the oldest events until at most so many, of so many bytes, are left; the newest always stays. */
  const trim = (maxEvents: number, maxBytes: number) => {
    let [keepFrom, left] = [oldest, bytes];
    for (const row of sql.sizes.iterate() as Iterable<{ version: number; bytes: number }>) {
      if (row.version === newest || (newest - row.version < maxEvents && left <= maxBytes)) break;
      keepFrom = row.version + 1;
      left -= row.bytes;
    }
    transaction(database, () => {
      sql.forgetTexts.run(keepFrom);
      sql.forgetEvents.run(keepFrom);
    });
    [oldest, bytes] = [keepFrom, left];
  };

  const apply = (write: Write) => {
    const { resource, namespace, name, version, type } = write;
    const previous = type === 'ADDED' ? null : Number(write.previous.metadata.resourceVersion);
    const size = previous === null ? 0 : text(previous).length;
    transaction(database, () => {
      if (type === 'DELETED') sql.remove.run(resource, namespace, name);
      else {
        const { uid, ownerReferences = [] } = write.object.metadata;
        const owners = ownerReferences.length === 0 ? null : JSON.stringify(ownerReferences.map((owner) => owner.uid));
        sql.put.run(resource, namespace, name, uid, version, owners);
        sql.putText.run(version, JSON.stringify(write.object));
      }
      sql.record.run(version, size, type, resource, namespace, name, previous);
    });
    newest = version;
    bytes += size;
  };

  return {
    /** The version of the last write. */
    newest: () => newest,
    /** Whoever knows everything up to this version, or a later one, can be told the rest. */
    oldest: () => oldest,
    /** The JSON of a version that is current or in the history. */
    text,
    /** The same, parsed; shared, so never to be changed. */
    object,
    read: ({ resource, namespace, name }: Place): StoredObject | undefined => {
      const row = sql.read.get(resource, namespace, name) as { object: string } | undefined;
      return row && (JSON.parse(row.object) as StoredObject);
    },
    findByUid: (uid: string): Place | undefined => sql.findByUid.get(uid) as Place | undefined,

    /**
     * Writes durably, or throws and has changed nothing. On a full disk the history gives way first: watches can list again,
     * but a fault that cannot be ordered to end cannot.
     */
    write: (write: Write): void => {
      try {
        // A tenth at once, so that not every write pays for trimming.
        if (newest - oldest > limits.maxEvents * 1.1 || bytes > limits.maxEventBytes * 1.1)
          trim(limits.maxEvents, limits.maxEventBytes);
        apply(write);
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        // Frees the write-ahead log for use from its start, so that even a full disk has room to forget.
        database.exec('PRAGMA wal_checkpoint(RESTART)');
        trim(0, 0);
        apply(write);
      }
    },

    /** All objects of a resource as they were at a version that is still in the history, by namespace and name. */
    snapshot: (resource: string, version: number, after: { namespace: string; name: string }): Iterable<Row> =>
      version === newest
        ? (sql.present.iterate(resource, after.namespace, after.name) as Iterable<Row>)
        : (sql.past.iterate({ resource, version, namespace: after.namespace, name: after.name }) as Iterable<Row>),
    eventsAfter: (resource: string, version: number): Iterable<EventRow> =>
      sql.eventsAfter.iterate(resource, version) as Iterable<EventRow>,

    /** Objects that name owners, none of which lives. An owner in another namespace is none (Kubernetes' rule). */
    orphans: (): Place[] => sql.orphans.all() as Place[],
    inNamespace: (namespace: string): Place[] => sql.inNamespace.all(namespace) as Place[],
  };
}

function statements(database: DatabaseSync) {
  return {
    extent: database.prepare('SELECT min(version) AS oldest, max(version) AS newest, sum(bytes) AS bytes FROM events'),
    sizes: database.prepare('SELECT version, bytes FROM events ORDER BY version'),
    forgetTexts: database.prepare(
      'DELETE FROM texts WHERE version IN (SELECT previous FROM events WHERE version < ? AND previous IS NOT NULL)',
    ),
    forgetEvents: database.prepare('DELETE FROM events WHERE version < ?'),
    text: database.prepare('SELECT object FROM texts WHERE version = ?'),
    putText: database.prepare('INSERT INTO texts (version, object) VALUES (?, ?)'),
    remove: database.prepare('DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?'),
    put: database.prepare(
      `INSERT INTO objects (resource, namespace, name, uid, version, owners) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (resource, namespace, name) DO UPDATE SET version = excluded.version, owners = excluded.owners`,
    ),
    record: database.prepare(
      'INSERT INTO events (version, bytes, type, resource, namespace, name, previous) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    read: database.prepare(
      'SELECT object FROM objects JOIN texts USING (version) WHERE resource = ? AND namespace = ? AND name = ?',
    ),
    findByUid: database.prepare('SELECT resource, namespace, name FROM objects WHERE uid = ?'),
    present: database.prepare(
      'SELECT namespace, name, version FROM objects WHERE resource = ? AND (namespace, name) > (?, ?) ORDER BY namespace, name',
    ),
    // What was not written since is as it was; what was written since is as it was before the first of those writes: with a
    // bare min(), SQLite takes the other columns from the row that holds the minimum (lang_select.html, "bare columns").
    past: database.prepare(
      `SELECT namespace, name, version FROM objects
         WHERE resource = :resource AND version <= :version AND (namespace, name) > (:namespace, :name)
       UNION ALL
       SELECT namespace, name, previous FROM (
         SELECT namespace, name, previous, min(version) FROM events
           WHERE resource = :resource AND version > :version AND (namespace, name) > (:namespace, :name) GROUP BY namespace, name
       ) WHERE previous IS NOT NULL
       ORDER BY namespace, name`,
    ),
    eventsAfter: database.prepare(
      'SELECT version, type, namespace, name, previous FROM events WHERE resource = ? AND version > ? ORDER BY version',
    ),
    inNamespace: database.prepare('SELECT resource, namespace, name FROM objects WHERE namespace = ?'),
    orphans: database.prepare(
      `SELECT resource, namespace, name FROM objects AS owned WHERE owners IS NOT NULL AND NOT EXISTS (
         SELECT 1 FROM json_each(owned.owners) AS reference JOIN objects AS owner ON owner.uid = reference.value
           WHERE owner.namespace IN ('', owned.namespace))`,
    ),
  };
}
