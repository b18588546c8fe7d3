/** Holds a whole object (kind, metadata, spec) against the rules, whether it comes from a file or from the store. */
import type * as z from 'zod';
import { checkAgainst, checkSpec } from './check-spec.ts';
import { annotations, labels, namespaceName, object, objectName } from './fields.ts';
import { type Kind, isKind, kinds, type Models } from './kinds/index.ts';
import { apiVersion, group, type KubeObject, type ObjectMeta, version } from './metadata.ts';
import { nearestName } from './nearest-name.ts';
import { type Finding, valueAt } from './problems.ts';

/** A kind with its model; narrows by `kind`. */
export type Typed = { [Name in Kind]: { kind: Name; model: Models[Name] } }[Kind];

export type ObjectResult =
  | { ok: true; object: KubeObject; typed: Typed; warnings: Finding[] }
  | { ok: false; code: 'InvalidInput' | 'NotImplemented'; findings: Finding[]; warnings: Finding[] };

export const defaultNamespace = 'default';
const longestObjectName = 253;

/** What a server writes into metadata; a file that was printed by one has it too. */
const serverFields = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'managedFields',
  'ownerReferences',
  'finalizers',
] as const;

const metadataSchema = object({
  name: objectName,
  namespace: namespaceName.optional(),
  labels: labels.optional(),
  annotations: annotations.optional(),
});

/** @param origin from a file, what only servers write is dropped with a warning; in the store it stays */
export function checkObject(content: unknown, origin: 'file' | 'store'): ObjectResult {
  if (!isRecord(content))
    return invalid([{ path: [], value: content, message: 'expected an object with apiVersion, kind, metadata, spec' }]);
  const kind = checkKind(content);
  if (typeof kind !== 'string') return kind;
  const metadata = checkMetadata(kind, content.metadata, origin);
  const namespace = metadata.value?.namespace ?? defaultNamespace;
  const spec = checkSpec(kind, content.spec, namespace);
  const findings = [...unknownTopFields(content), ...metadata.findings];
  const warnings = [...metadata.warnings, ...statusWarning(content, origin), ...under('spec', spec.warnings)];
  if (!spec.ok) findings.push(...under('spec', spec.findings));
  if (!spec.ok || metadata.value === undefined || findings.length > 0)
    return { ok: false, code: 'InvalidInput', findings, warnings };
  const status = origin === 'store' && content.status !== undefined ? { status: content.status } : {};
  return {
    ok: true,
    object: { apiVersion, kind, metadata: metadata.value, spec: spec.spec, ...status },
    // Kind and model come out of the same row of the table.
    typed: { kind, model: spec.model } as Typed,
    warnings,
  };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(findings: Finding[]): ObjectResult {
  return { ok: false, code: 'InvalidInput', findings, warnings: [] };
}

function checkKind(content: Record<string, unknown>): Kind | ObjectResult {
  const { apiVersion: written, kind } = content;
  const refused = (field: string, message: string) => invalid([{ path: [field], value: content[field], message }]);
  if (typeof written !== 'string')
    return refused('apiVersion', `${written === undefined ? 'required; ' : ''}expected ${apiVersion}`);
  if (typeof kind !== 'string')
    return refused('kind', `${kind === undefined ? 'required; ' : ''}expected a kind such as NetworkExperiment`);
  const [writtenGroup] = written.split('/');
  if (writtenGroup === 'chaos-mesh.org') {
    const message =
      'manifests of Chaos Mesh are read by a later part of Squall; write a NetworkExperiment or NetworkTrafficShaper';
    return { ok: false, code: 'NotImplemented', findings: [{ path: ['apiVersion'], value: written, message }], warnings: [] };
  }
  if (writtenGroup !== group) {
    const near = nearestName(written, [apiVersion]);
    const hint = near === undefined ? `Squall's kinds have apiVersion ${apiVersion}` : `did you mean ${near}?`;
    return refused('apiVersion', `${written} ${kind} is not a kind of Squall; ${hint}`);
  }
  if (written !== apiVersion) return refused('apiVersion', `expected ${apiVersion}; only version ${version} exists`);
  if (isKind(kind)) return kind;
  const names = Object.keys(kinds).filter((name) => name !== 'NodeTask');
  const near = nearestName(kind, names);
  return refused('kind', `unknown kind; ${near === undefined ? `expected one of ${names.join(', ')}` : `did you mean ${near}?`}`);
}

type MetadataResult = { value?: ObjectMeta; findings: Finding[]; warnings: Finding[] };

function checkMetadata(kind: Kind, written: unknown, origin: 'file' | 'store'): MetadataResult {
  const own = isRecord(written) ? Object.fromEntries(Object.entries(written).filter(([key]) => !isServerField(key))) : written;
  const checked = checkAgainst(metadataSchema, own);
  const findings = checked.ok ? [] : under('metadata', checked.findings);
  const definition = kinds[kind];
  const longest = ('longestName' in definition ? definition.longestName : undefined) ?? longestObjectName;
  const name = valueAt(own, ['name']);
  const namespace = valueAt(own, ['namespace']);
  if (typeof name === 'string' && name.length > longest && name.length <= longestObjectName) {
    const message = `expected at most ${longest} characters, found ${name.length}: what it creates has its name in names and labels; shorten it`;
    findings.push({ path: ['metadata', 'name'], value: name, message });
  }
  if (!definition.namespaced && namespace !== undefined) {
    findings.push({ path: ['metadata', 'namespace'], value: namespace, message: `a ${kind} belongs to no namespace; remove it` });
  }
  const foreign = isRecord(written) ? Object.entries(written).filter(([key]) => isServerField(key)) : [];
  const warnings = foreign.map(([key, value]) => ({
    path: ['metadata', key],
    value,
    message: 'written by servers only; not used',
  }));
  if (!checked.ok) return { findings, warnings: origin === 'file' ? warnings : [] };
  const meta = checked.value as z.output<typeof metadataSchema>;
  const complete: ObjectMeta = definition.namespaced ? { ...meta, namespace: meta.namespace ?? defaultNamespace } : meta;
  if (origin === 'file') return { value: complete, findings, warnings };
  return { value: { ...(Object.fromEntries(foreign) as Partial<ObjectMeta>), ...complete }, findings, warnings: [] };
}

function isServerField(key: string): boolean {
  return (serverFields as readonly string[]).includes(key);
}

function unknownTopFields(content: Record<string, unknown>): Finding[] {
  const known = ['apiVersion', 'kind', 'metadata', 'spec', 'status'];
  return Object.keys(content)
    .filter((key) => !known.includes(key))
    .map((key) => {
      const near = nearestName(key, known);
      const hint = near === undefined ? `expected one of ${known.join(', ')}` : `did you mean ${near}?`;
      return { path: [key], value: content[key], message: `unknown field; ${hint}` };
    });
}

function statusWarning(content: Record<string, unknown>, origin: 'file' | 'store'): Finding[] {
  if (origin === 'store' || content.status === undefined) return [];
  return [{ path: ['status'], value: content.status, message: 'written by controllers only; not used' }];
}

function under(field: string, findings: Finding[]): Finding[] {
  return findings.map((finding) => ({ ...finding, path: [field, ...finding.path] }));
}
