/** Kubernetes' rules for names and labels (RFC 1123 subdomain and label; qualified names), as lists of what is wrong. */
import { isRecord, isStringMap } from './records.ts';

const labelPattern = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const qualifiedNamePattern = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const annotationsLimit = 256 * 1024;

export function isSubdomain(name: string): boolean {
  return name.length <= 253 && name.split('.').every((part) => labelPattern.test(part));
}

export function isDnsLabel(name: string): boolean {
  return name.length <= 63 && labelPattern.test(name);
}

export function isLabelKey(key: string): boolean {
  const parts = key.split('/');
  const name = parts.pop() ?? '';
  const [prefix, ...more] = parts;
  return (
    name.length <= 63 && qualifiedNamePattern.test(name) && more.length === 0 && (prefix === undefined || isSubdomain(prefix))
  );
}

export function isLabelValue(value: string): boolean {
  return value === '' || (value.length <= 63 && qualifiedNamePattern.test(value));
}

/** What is wrong with a metadata record apart from its name; every fault, not just the first. */
export function metadataProblems(metadata: Record<string, unknown>): string[] {
  const { labels, annotations, ownerReferences, finalizers } = metadata;
  return [
    ...mapProblems('metadata.labels', labels, isLabelValue),
    ...mapProblems('metadata.annotations', annotations, () => true),
    ...(JSON.stringify(annotations ?? {}).length > annotationsLimit
      ? [`metadata.annotations: expected at most ${String(annotationsLimit)} bytes; store the data elsewhere`]
      : []),
    ...ownerProblems(ownerReferences),
    ...(Array.isArray(finalizers) && finalizers.length > 0
      ? [
          'metadata.finalizers: finalizers are not served, since an object whose finalizer never ends could never be deleted; remove them',
        ]
      : []),
  ];
}

function mapProblems(path: string, map: unknown, isValue: (value: string) => boolean): string[] {
  if (map === undefined) return [];
  if (!isStringMap(map)) return [`${path}: expected a map from text to text`];
  return Object.entries(map).flatMap(([key, value]) => [
    ...(isLabelKey(key)
      ? []
      : [`${path}: key '${key}': expected an optional DNS prefix with '/', then 1 to 63 letters, digits, '-', '_' or '.'`]),
    ...(isValue(value) ? [] : [`${path}['${key}']: value '${value}': expected at most 63 letters, digits, '-', '_' or '.'`]),
  ]);
}

function ownerProblems(owners: unknown): string[] {
  if (owners === undefined) return [];
  if (!Array.isArray(owners)) return ['metadata.ownerReferences: expected a list'];
  return owners.flatMap((owner: unknown, index) => {
    const path = `metadata.ownerReferences[${String(index)}]`;
    const given = isRecord(owner) ? owner : {};
    return ['apiVersion', 'kind', 'name', 'uid']
      .filter((field) => typeof given[field] !== 'string' || given[field] === '')
      .map((field) => `${path}.${field}: expected text that is not empty`);
  });
}
