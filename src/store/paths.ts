import { SquallError } from '../lib/index.ts';
import type { ObjectKey, Resource, SelectOptions } from './port.ts';

const segment = /^[A-Za-z0-9][-A-Za-z0-9_.:]{0,252}$/;

/** `/api/v1/...` for the core group, `/apis/<group>/<version>/...` for all others. */
export function collectionPath(resource: Resource, namespace: string | undefined): string {
  const root = resource.apiVersion.includes('/') ? '/apis' : '/api';
  const scope = namespace === undefined ? '' : `/namespaces/${checked('namespace', namespace)}`;
  if (namespace !== undefined && !resource.namespaced) {
    throw new SquallError(
      'InvalidInput',
      `namespace '${namespace}': ${resource.kind} is cluster-scoped; leave the namespace out`,
    );
  }
  return `${root}/${resource.apiVersion}${scope}/${resource.plural}`;
}

export function writePath(resource: Resource, namespace: string | undefined): string {
  if (resource.namespaced && namespace === undefined) {
    throw new SquallError('InvalidInput', `namespace: ${resource.kind} is namespaced; say in which namespace it lives`);
  }
  return collectionPath(resource, namespace);
}

export function objectPath(resource: Resource, key: ObjectKey, subresource?: 'status'): string {
  const path = `${writePath(resource, key.namespace)}/${checked('name', key.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

export function selectQuery(
  { labelSelector, fieldSelector }: SelectOptions,
  more: Record<string, string | undefined> = {},
): string {
  const entries = Object.entries({ labelSelector, fieldSelector, ...more });
  const query = new URLSearchParams(
    entries.filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
  ).toString();
  return query === '' ? '' : `?${query}`;
}

/** A name becomes a part of a path here, so nothing that could leave its place may pass. */
function checked(field: string, value: string): string {
  if (segment.test(value)) return value;
  throw new SquallError('InvalidInput', `${field} '${value}': expected 1 to 253 letters, digits, '-', '_', '.' or ':'`);
}
