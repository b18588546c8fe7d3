import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type * as z from 'zod';
import { SquallError } from '../../lib/index.ts';
import { checkTopology, type Placed, type PlacedTopology, selectedPods } from './check.ts';
import { formatPath, type Path, type Problem, readObjects, type SourceObject } from './documents.ts';
import {
  type BudgetManifest,
  budgetSchema,
  ignoredContainerFields,
  ignoredPodFields,
  type NamespaceManifest,
  namespaceSchema,
  type PodManifest,
  podSchema,
  type ServiceManifest,
  serviceSchema,
  switchName,
  switchSchema,
  type SwitchSettings,
} from './schema.ts';

export type Topology = {
  /** As messages name it. */
  file: string;
  /** Absolute; processes start here unless their container has a `workingDir`. */
  folder: string;
  namespaces: NamespaceManifest[];
  pods: PodManifest[];
  services: ServiceManifest[];
  budgets: BudgetManifest[];
  /** Undefined: the kernel's bridge. */
  switch?: SwitchSettings;
  /** What the lab knowingly leaves out, or finds odd, one sentence each. */
  warnings: string[];
};

export type TopologySource = { file: string } | { text: string; name?: string; folder: string };

const mostBytes = 1024 * 1024;

/**
 * Reads and checks a lab's Kubernetes manifests (several documents, or a `List`). Rejects with InvalidInput that lists every
 * problem as `file:line: field: what was expected`.
 */
export async function readTopology(source: TopologySource): Promise<Topology> {
  if ('text' in source) return parseTopology(source.text, source.name ?? 'topology', resolve(source.folder));
  const { size } = await stat(source.file).catch((error: unknown) => {
    throw new SquallError('InvalidInput', `cannot read the topology file '${source.file}'`, { cause: error });
  });
  if (size > mostBytes)
    throw invalid(source.file, [{ line: 1, path: '', message: `${size} bytes: expected at most ${mostBytes}` }]);
  return parseTopology(await readFile(source.file, 'utf8'), source.file, dirname(resolve(source.file)));
}

/** The pure part of readTopology; `folder` is absolute. */
export function parseTopology(text: string, file: string, folder: string): Topology {
  if (text.length > mostBytes) throw invalid(file, [{ line: 1, path: '', message: `more than ${mostBytes} bytes` }]);
  const { objects, problems } = readObjects(text);
  const placed: PlacedTopology = { namespaces: [], pods: [], services: [], budgets: [], switches: [] };
  for (const object of objects) problems.push(...readObject(object, placed));
  problems.push(...checkTopology(placed));
  if (problems.length === 0 && placed.pods.length === 0)
    problems.push({ line: 1, path: '', message: 'expected at least one Pod' });
  if (problems.length > 0) throw invalid(file, problems);
  return {
    file,
    folder,
    namespaces: placed.namespaces.map(({ manifest }) => manifest),
    pods: placed.pods.map(({ manifest }) => manifest),
    services: placed.services.map(({ manifest }) => manifest),
    budgets: placed.budgets.map(({ manifest }) => manifest),
    switch: placed.switches[0]?.manifest.data,
    warnings: warningsOf(placed),
  };
}

function readObject(source: SourceObject, placed: PlacedTopology): Problem[] {
  const kind =
    typeof source.value === 'object' && source.value !== null ? (source.value as Record<string, unknown>).kind : undefined;
  switch (kind) {
    case 'Pod':
      return readKind(source, podSchema, placed.pods);
    case 'Service':
      return readKind(source, serviceSchema, placed.services);
    case 'Namespace':
      return readKind(source, namespaceSchema, placed.namespaces);
    case 'PodDisruptionBudget':
      return readKind(source, budgetSchema, placed.budgets);
    case 'ConfigMap':
      return readKind(source, switchSchema, placed.switches);
    default:
      return [
        source.problem(
          ['kind'],
          `${kind === undefined ? 'missing' : shorten(JSON.stringify(kind))}: a lab topology has Pod, Service and Namespace (v1), PodDisruptionBudget (policy/v1) and the ConfigMap ${switchName} only`,
        ),
      ];
  }
}

function readKind<Manifest>(source: SourceObject, schema: z.ZodType<Manifest>, into: Placed<Manifest>[]): Problem[] {
  const result = schema.safeParse(source.value);
  if (!result.success) return result.error.issues.flatMap((issue) => problemsOf(issue, source));
  into.push({ manifest: result.data, problem: source.problem });
  return [];
}

function problemsOf(issue: z.core.$ZodIssue, source: SourceObject): Problem[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => source.problem([...path, key], 'the lab has no such field; remove it, or correct its name'));
  }
  const value = valueAt(source.value, path);
  const found = value === undefined ? 'missing' : shorten(JSON.stringify(value));
  return [source.problem(path, `${found}: ${issue.message}`)];
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((current, part) => {
    return typeof current === 'object' && current !== null ? (current as Record<string | number, unknown>)[part] : undefined;
  }, value);
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function warningsOf({ pods, services }: PlacedTopology): string[] {
  const fields = new Set<string>();
  for (const { manifest } of pods) {
    for (const field of ignoredPodFields) if (manifest.spec[field] !== undefined) fields.add(formatPath(['spec', field]));
    for (const container of manifest.spec.containers) {
      for (const field of ignoredContainerFields) if (container[field] !== undefined) fields.add(`spec.containers[].${field}`);
    }
  }
  const warnings =
    fields.size === 0
      ? []
      : [`The lab runs programs of this machine as processes and ignores these fields: ${[...fields].join(', ')}.`];
  for (const { manifest } of services) {
    if (selectedPods(manifest, pods).length > 0) continue;
    warnings.push(
      `Service ${manifest.metadata.namespace}/${manifest.metadata.name} selects no pod: connections to it are refused.`,
    );
  }
  return warnings;
}

function invalid(file: string, problems: Problem[]): SquallError {
  const lines = problems.map(({ line, path, message }) => `${file}:${line}: ${path === '' ? '' : `${path}: `}${message}`);
  return new SquallError('InvalidInput', lines.join('\n'));
}
