import type { AnyObject, ObjectKey, Stored, WatchEvent } from './port.ts';

/** One step in the life of one object (one uid); `before` is what was known of it until now. */
export type Change<T extends AnyObject> =
  | { type: 'added'; object: Stored<T> }
  | { type: 'modified'; object: Stored<T>; before: Stored<T> }
  | { type: 'deleted'; object: Stored<T> };

/**
 * When a change was seen. `live`: as it happened, but for the connection's own delay. `earlier`: in a list, or told again after an
 * interruption; it may have happened at any time before.
 */
export type Sighting = 'live' | 'earlier';

/** What is known of one resource: object by `keyText`. */
export type Known<T extends AnyObject> = ReadonlyMap<string, Stored<T>>;

/** `namespace/name`, or the name alone for cluster-scoped kinds. */
export function keyText({ namespace, name }: ObjectKey): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

export function keyOf(object: AnyObject): ObjectKey {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? { name } : { namespace, name };
}

/** How what is known becomes what a list shows. Deletions that nobody saw come first: they are in no event any more. */
export function changesOfList<T extends AnyObject>(known: Known<T>, items: readonly Stored<T>[]): Change<T>[] {
  const listed = new Set(items.map((item) => keyText(keyOf(item))));
  const gone = [...known].filter(([key]) => !listed.has(key)).map(([, object]): Change<T> => ({ type: 'deleted', object }));
  return [...gone, ...items.flatMap((item) => changesTo(known.get(keyText(keyOf(item))), item))];
}

/** What an event changes. Repeated events change nothing, and a deletion of an earlier object of the same name neither. */
export function changesOfEvent<T extends AnyObject>(
  known: Known<T>,
  event: Exclude<WatchEvent<T>, { type: 'BOOKMARK' }>,
): Change<T>[] {
  const before = known.get(keyText(keyOf(event.object)));
  if (event.type !== 'DELETED') return changesTo(before, event.object);
  return before?.metadata.uid === event.object.metadata.uid ? [{ type: 'deleted', object: event.object }] : [];
}

/** A name that now has another uid is another object: its predecessor was deleted. */
function changesTo<T extends AnyObject>(before: Stored<T> | undefined, object: Stored<T>): Change<T>[] {
  if (before === undefined) return [{ type: 'added', object }];
  if (before.metadata.uid !== object.metadata.uid) {
    return [
      { type: 'deleted', object: before },
      { type: 'added', object },
    ];
  }
  return before.metadata.resourceVersion === object.metadata.resourceVersion ? [] : [{ type: 'modified', object, before }];
}
