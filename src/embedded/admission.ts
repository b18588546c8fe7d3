/** What becomes of an object that somebody wants to write: pure decisions, without the database. */
import { isDeepStrictEqual } from 'node:util';
import { isDnsLabel, isSubdomain, metadataProblems } from './names.ts';
import { isRecord, shown, type StoredObject, without } from './records.ts';
import type { EmbeddedResource } from './resources.ts';
import { badRequest, conflict, invalid, type Outcome } from './status.ts';

export type Subresource = 'status' | undefined;

/** Fields of metadata that only the server writes. */
const serverFields = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'finalizers',
  'managedFields',
  'selfLink',
  'name',
  'namespace',
];

export type CreateContext = {
  namespace: string | undefined;
  version: number;
  uid: string;
  now: string;
  /** Completes metadata.generateName. */ suffix: string;
};

/** The object as it will be stored. Its status is dropped where the kind has a status subresource, as Kubernetes does. */
export function admitCreate(resource: EmbeddedResource, body: unknown, context: CreateContext): Outcome<StoredObject> {
  const shape = readShape(resource, body, context.namespace);
  if ('refusal' in shape) return shape;
  const { object, metadata } = shape.value;
  const prefix = typeof metadata.generateName === 'string' ? metadata.generateName : '';
  const name =
    typeof metadata.name === 'string' && metadata.name !== ''
      ? metadata.name
      : prefix === ''
        ? ''
        : prefix.slice(0, 58) + context.suffix;
  if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== '') {
    return badRequest(
      `metadata.resourceVersion ${shown(metadata.resourceVersion)}: an object to be created has none yet; leave it out`,
    );
  }
  const problems = [...nameProblems(resource, name, context.namespace), ...metadataProblems(metadata)];
  if (problems.length > 0) return invalid(resource.kind, name, problems);
  return {
    value: {
      ...(resource.status ? without(object, 'status') : object),
      apiVersion: resource.apiVersion,
      kind: resource.kind,
      metadata: {
        ...without(metadata, ...serverFields),
        name,
        ...(resource.namespaced ? { namespace: context.namespace } : {}),
        uid: context.uid,
        resourceVersion: String(context.version),
        generation: 1,
        creationTimestamp: context.now,
      },
    },
  };
}

/**
 * The object as it will replace `stored`, or `stored` itself when nothing would change. A status write changes nothing but the
 * status; any other write changes nothing of the status. The generation rises when something besides metadata and status changes.
 */
export function admitUpdate(
  resource: EmbeddedResource,
  stored: StoredObject,
  body: unknown,
  subresource: Subresource,
  version: number,
): Outcome<StoredObject> {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp } = stored.metadata;
  const shape = readShape(resource, body, namespace);
  if ('refusal' in shape) return shape;
  const { object, metadata } = shape.value;
  if (metadata.name !== name) return badRequest(`metadata.name ${shown(metadata.name)}: expected '${name}', as in the path`);
  if (metadata.uid !== undefined && metadata.uid !== uid) {
    return conflict(resource.plural, name, `uid ${shown(metadata.uid)} was deleted; the present object has uid '${uid}'`);
  }
  if (metadata.resourceVersion === undefined || metadata.resourceVersion === '') {
    return invalid(resource.kind, name, ['metadata.resourceVersion: must be specified for an update; read the object first']);
  }
  if (metadata.resourceVersion !== resourceVersion) {
    return conflict(
      resource.plural,
      name,
      'the object has been modified; read it again and apply your change to the latest version',
    );
  }
  const problems = subresource === 'status' ? [] : metadataProblems(metadata);
  if (problems.length > 0) return invalid(resource.kind, name, problems);

  const content =
    subresource === 'status' ? stored : resource.status ? { ...without(object, 'status'), ...pick(stored, 'status') } : object;
  const status = subresource === 'status' ? pick(object, 'status') : pick(content, 'status');
  const changed = !isDeepStrictEqual(specOf(content), specOf(stored));
  const next: StoredObject = {
    ...without(content, 'status'),
    ...status,
    apiVersion: resource.apiVersion,
    kind: resource.kind,
    metadata: {
      ...without(subresource === 'status' ? stored.metadata : metadata, ...serverFields),
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid,
      resourceVersion,
      generation: changed ? generation + 1 : generation,
      creationTimestamp,
    },
  };
  if (isDeepStrictEqual(next, stored)) return { value: stored };
  return { value: { ...next, metadata: { ...next.metadata, resourceVersion: String(version) } } };
}

/** Whether the object may be deleted by somebody who named these preconditions. */
export function admitDelete(resource: EmbeddedResource, stored: StoredObject, body: unknown): Outcome<StoredObject> {
  const { name, uid, resourceVersion } = stored.metadata;
  const options = isRecord(body) ? body : {};
  const preconditions = isRecord(options.preconditions) ? options.preconditions : {};
  if (preconditions.uid !== undefined && preconditions.uid !== uid) {
    return conflict(resource.plural, name, `precondition failed: uid is '${uid}', not ${shown(preconditions.uid)}`);
  }
  if (preconditions.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion) {
    return conflict(resource.plural, name, 'precondition failed: the object has another resourceVersion');
  }
  if (options.propagationPolicy === 'Orphan' || options.orphanDependents === true) {
    return invalid(resource.kind, name, [
      "propagationPolicy 'Orphan': what an object owns is always deleted with it; leave it out",
    ]);
  }
  if (options.dryRun !== undefined) return badRequest('dryRun: dry runs are not served; leave it out');
  return { value: stored };
}

function readShape(
  resource: EmbeddedResource,
  body: unknown,
  namespace: string | undefined,
): Outcome<{ object: Record<string, unknown>; metadata: Record<string, unknown> }> {
  if (!isRecord(body)) return badRequest('body: expected a JSON object');
  const { apiVersion, kind, metadata } = body;
  if (apiVersion !== resource.apiVersion || kind !== resource.kind) {
    return badRequest(`${shown(kind)} of ${shown(apiVersion)}: this path takes ${resource.kind} of ${resource.apiVersion}`);
  }
  if (!isRecord(metadata)) return badRequest('metadata: expected an object');
  const given = metadata.namespace;
  if (given !== undefined && given !== '' && given !== namespace) {
    return badRequest(
      `metadata.namespace ${shown(given)}: ${namespace === undefined ? `${resource.kind} is cluster-scoped; leave it out` : `expected '${namespace}', as in the path`}`,
    );
  }
  return { value: { object: body, metadata } };
}

function nameProblems(resource: EmbeddedResource, name: string, namespace: string | undefined): string[] {
  const strict = resource.apiVersion === 'v1' && ['Namespace', 'Service'].includes(resource.kind);
  const fits = strict ? isDnsLabel(name) : isSubdomain(name);
  const limit = strict ? "63 lower-case letters, digits or '-'" : "253 lower-case letters, digits, '-' or '.'";
  return [
    ...(fits ? [] : [`metadata.name '${name}': expected 1 to ${limit}, beginning and ending with a letter or digit`]),
    ...(namespace === undefined || isDnsLabel(namespace)
      ? []
      : [`metadata.namespace '${namespace}': expected 1 to 63 lower-case letters, digits or '-'`]),
  ];
}

function specOf(object: Record<string, unknown>): Record<string, unknown> {
  return without(object, 'apiVersion', 'kind', 'metadata', 'status');
}

function pick(object: Record<string, unknown>, field: string): Record<string, unknown> {
  return object[field] === undefined ? {} : { [field]: object[field] };
}
