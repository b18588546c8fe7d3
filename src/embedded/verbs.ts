import { admitCreate, admitDelete, admitUpdate, type Subresource } from './admission.ts';
import type { History, Place } from './history.ts';
import { mergePatch, type StoredObject } from './records.ts';
import { type EmbeddedResource, resourceId } from './resources.ts';
import { invalid, notFound, type Outcome, refuse, successStatus } from './status.ts';

/** What writing needs besides the history; time, identity and chance come from outside. */
export type Writer = {
  history: History;
  /** RFC 3339, whole seconds: Kubernetes' form. */
  now: () => string;
  newUid: () => string;
  /** Five characters that complete a generateName. */
  newSuffix: () => string;
  /** What is wrong with an object, as its kind understands it. */
  validate: (object: StoredObject) => string[];
  /** Called after every write. */
  written: (resource: string) => void;
};

export type Key = { resource: EmbeddedResource; namespace?: string; name: string };

const placeOf = ({ resource, namespace, name }: Key): Place => ({
  resource: resourceId(resource),
  namespace: namespace ?? '',
  name,
});

export function get({ history }: Writer, key: Key): Outcome<StoredObject> {
  const stored = history.read(placeOf(key));
  return stored === undefined ? notFound(key.resource.plural, key.name) : { value: stored };
}

export function create(
  writer: Writer,
  resource: EmbeddedResource,
  namespace: string | undefined,
  body: unknown,
): Outcome<StoredObject> {
  const { history } = writer;
  const version = history.newest() + 1;
  const context = { namespace, version, uid: writer.newUid(), now: writer.now(), suffix: writer.newSuffix() };
  const admitted = admitCreate(resource, body, context);
  if ('refusal' in admitted) return admitted;
  const object = admitted.value;
  const { name } = object.metadata;
  const place = placeOf({ resource, namespace, name });
  if (history.read(place))
    return refuse(409, 'AlreadyExists', `${resource.plural} '${name}' already exists`, { name, kind: resource.plural });
  const problems = [...writer.validate(object), ...foreignOwners(history, object)];
  if (problems.length > 0) return invalid(resource.kind, name, problems);
  history.write({ ...place, version, type: 'ADDED', object });
  writer.written(place.resource);
  return { value: object };
}

export function update(writer: Writer, key: Key, subresource: Subresource, body: unknown): Outcome<StoredObject> {
  const { history } = writer;
  const place = placeOf(key);
  const stored = history.read(place);
  if (stored === undefined) return notFound(key.resource.plural, key.name);
  const version = history.newest() + 1;
  const admitted = admitUpdate(key.resource, stored, body, subresource, version);
  if ('refusal' in admitted) return admitted;
  const object = admitted.value;
  if (object === stored) return { value: stored };
  const problems = subresource === 'status' ? [] : [...writer.validate(object), ...foreignOwners(history, object)];
  if (problems.length > 0) return invalid(key.resource.kind, key.name, problems);
  history.write({ ...place, version, type: 'MODIFIED', object, previous: stored });
  writer.written(place.resource);
  return { value: object };
}

/** A merge patch (RFC 7396); without a resourceVersion of its own it applies to whatever is there. */
export function patch(writer: Writer, key: Key, subresource: Subresource, body: unknown): Outcome<StoredObject> {
  const stored = writer.history.read(placeOf(key));
  if (stored === undefined) return notFound(key.resource.plural, key.name);
  return update(writer, key, subresource, mergePatch(stored, body));
}

export function remove(writer: Writer, key: Key, body: unknown): Outcome<object> {
  const { history } = writer;
  const place = placeOf(key);
  const stored = history.read(place);
  if (stored === undefined) return notFound(key.resource.plural, key.name);
  const admitted = admitDelete(key.resource, stored, body);
  if ('refusal' in admitted) return admitted;
  // Kubernetes empties a namespace before it is gone; so a deletion that is cut off can be asked for again.
  const contents = place.resource === 'v1/namespaces' ? history.inNamespace(key.name) : [];
  for (const inside of contents) eraseAt(writer, inside);
  eraseAt(writer, place);
  return { value: successStatus({ name: key.name, kind: key.resource.plural, uid: stored.metadata.uid }) };
}

/** Deletes what nobody has to be asked about any more. */
export function eraseAt({ history, written }: Writer, place: Place): void {
  const stored = history.read(place);
  if (stored === undefined) return;
  history.write({ ...place, version: history.newest() + 1, type: 'DELETED', previous: stored });
  written(place.resource);
}

/**
 * Kubernetes' garbage collector takes an owner in another namespace for absent and deletes what it owns. Nobody means that, so
 * here it is refused when it is written.
 */
function foreignOwners(history: History, object: StoredObject): string[] {
  const { namespace = '', ownerReferences = [] } = object.metadata;
  return ownerReferences.flatMap(({ kind, name, uid }, index) => {
    const owner = history.findByUid(uid);
    if (owner === undefined || owner.namespace === '' || owner.namespace === namespace) return [];
    return [
      `metadata.ownerReferences[${String(index)}]: ${kind} '${name}' lives in namespace '${owner.namespace}'; ` +
        `an owner lives in the namespace of what it owns, or is cluster-scoped: use a label and delete it yourself`,
    ];
  });
}
