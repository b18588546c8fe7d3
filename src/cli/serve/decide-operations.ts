import { createHash } from 'node:crypto';
import { type KubeObject, labelPrefix, type Manifest, type Problem } from '../../api/index.ts';
import type { Stored } from '../../store/index.ts';
import type { FolderFile } from './read-folder.ts';

/** On everything that comes from the folder: the file's name, and a hash of the spec as the file has it. */
export const fileAnnotation = `${labelPrefix}/file`;
export const specHashAnnotation = `${labelPrefix}/spec-hash`;
const scheduleLabel = `${labelPrefix}/schedule`;

/** The kinds that a folder may hold. */
export const followedKinds = [
  'NetworkTrafficShaper',
  'NetworkConnectivityTest',
  'NetworkModulesValidator',
  'NetworkMonitor',
  'NetworkExperimentSchedule',
  'NetworkExperiment',
] as const;
export type FollowedKind = (typeof followedKinds)[number];

export type FollowedObject = KubeObject<unknown, { run?: { phase: string } }>;
export type StoredFollowed = Stored<FollowedObject> & { kind: FollowedKind };
export type WantedObject = FollowedObject & { kind: FollowedKind };

export type Operation =
  | { type: 'create'; object: WantedObject }
  | { type: 'update'; stored: StoredFollowed; object: WantedObject }
  /** A changed experiment is another run: the old one is deleted, which undoes it, and a new one is created. */
  | { type: 'replace'; stored: StoredFollowed; object: WantedObject }
  | { type: 'delete'; stored: StoredFollowed };

type Claim = { file: string; manifest?: Manifest };

/**
 * What brings the store in line with the folder. A name belongs to the first file that uses it. What came from a file that cannot
 * be read now stays as it is; what came from a file that is gone, or that no longer has it, goes. Pure.
 */
export function decideOperations(
  files: readonly FolderFile[],
  stored: readonly StoredFollowed[],
): { operations: Operation[]; problems: Problem[] } {
  const byKey = new Map(stored.map((object) => [keyOf(object), object]));
  const problems = files.flatMap((file) => (file.state === 'bad' ? file.problems : []));
  const claims = new Map<string, Claim>();
  for (const file of files) {
    for (const [key, claim] of claimsOf(file, stored)) {
      const first = claims.get(key);
      if (first === undefined) claims.set(key, claim);
      else if (claim.manifest !== undefined) problems.push(alreadyClaimed(claim.manifest, first.file));
    }
  }
  const operations: Operation[] = [];
  for (const [key, { file, manifest }] of claims) {
    if (manifest === undefined) continue;
    const object = wanted(file, manifest);
    const present = byKey.get(key);
    const problem = present && standsInTheWay(present, manifest);
    if (problem) problems.push(problem);
    else operations.push(...operationFor(object, present));
  }
  for (const [key, object] of byKey) {
    if (object.metadata.annotations?.[fileAnnotation] !== undefined && !claims.has(key))
      operations.push({ type: 'delete', stored: object });
  }
  return { operations: inOrder(operations), problems };
}

/** A file that is bad or unsettled claims what came from it when it was good. */
function claimsOf(file: FolderFile, stored: readonly StoredFollowed[]): [string, Claim][] {
  if (file.state === 'good') return file.manifests.map((manifest) => [keyOf(manifest.object), { file: file.name, manifest }]);
  return stored
    .filter(({ metadata }) => metadata.annotations?.[fileAnnotation] === file.name)
    .map((object) => [keyOf(object), { file: file.name }]);
}

function operationFor(object: WantedObject, present: StoredFollowed | undefined): Operation[] {
  if (present === undefined) return [{ type: 'create', object }];
  const { [fileAnnotation]: file, [specHashAnnotation]: hash } = object.metadata.annotations ?? {};
  const { [fileAnnotation]: presentFile, [specHashAnnotation]: presentHash } = present.metadata.annotations ?? {};
  if (hash === presentHash && file === presentFile) return [];
  if (hash === presentHash || object.kind !== 'NetworkExperiment') return [{ type: 'update', stored: present, object }];
  return [{ type: 'replace', stored: present, object }];
}

/** What `squall run` left is taken over; a run that somebody else has started is not cut off. */
function standsInTheWay(present: StoredFollowed, manifest: Manifest): Problem | undefined {
  if (present.kind !== 'NetworkExperiment' || present.metadata.annotations?.[fileAnnotation] !== undefined) return undefined;
  const schedule = present.metadata.labels?.[scheduleLabel];
  if (schedule !== undefined)
    return problemOfName(manifest, `it is the name of a run of the schedule '${schedule}'; use another`);
  if (present.status?.run?.phase === 'done') return undefined;
  return problemOfName(
    manifest,
    'a run of this name that does not come from this folder is active; it is begun when that is over',
  );
}

function alreadyClaimed(manifest: Manifest, first: string): Problem {
  return problemOfName(manifest, `expected each name once; ${first} has this ${manifest.kind} already and keeps it`);
}

function problemOfName(manifest: Manifest, message: string): Problem {
  const { file, object } = manifest;
  const path = ['metadata', 'name'];
  return {
    file,
    ...manifest.locate(path),
    path: path.join('.'),
    value: JSON.stringify(object.metadata.name),
    message,
    code: 'InvalidInput',
  };
}

function wanted(file: string, { object }: Manifest): WantedObject {
  const { name, namespace, labels, annotations } = object.metadata;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind as FollowedKind,
    metadata: {
      name,
      // Validators are in none.
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels ? { labels } : {}),
      annotations: { ...annotations, [fileAnnotation]: file, [specHashAnnotation]: specHash(object.spec) },
    },
    spec: object.spec,
  };
}

/** Of the content alone: the order in which fields are written does not matter. */
export function specHash(spec: unknown): string {
  return createHash('sha256').update(sortedText(spec)).digest('hex').slice(0, 16);
}

function sortedText(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

export function keyOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace ?? 'default'}/${metadata.name}`;
}

/** What is referred to comes before what refers to it; what goes, goes last. */
function inOrder(operations: readonly Operation[]): Operation[] {
  const rank = (operation: Operation): number =>
    operation.type === 'delete' ? followedKinds.length : followedKinds.indexOf(operation.object.kind);
  return operations.toSorted((a, b) => rank(a) - rank(b));
}
