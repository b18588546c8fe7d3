/** Texts become manifests: every document of every file checked, all problems at once, each with its line. Pure. */
import { checkObject, defaultNamespace, isRecord, type Typed } from './check-object.ts';
import { isKind, kinds } from './kinds/index.ts';
import { manifestRules } from './manifest-rules.ts';
import type { KubeObject } from './metadata.ts';
import { describeValue, type Finding, formatPath, type Path, type Problem } from './problems.ts';
import { type Position, readDocuments, type SourceDocument } from './yaml-documents.ts';

/** A valid manifest: the object in canonical form, as it is stored, and its model in base units; narrows by `kind`. */
export type Manifest = Typed & {
  file: string;
  line: number;
  object: KubeObject;
  /** Where a field, or the nearest thing above it, stands in the file. */
  locate(path: Path): Position;
};

/** One object of the input, valid or not. */
export type DocumentSummary = { file: string; line: number; kind: string; namespace?: string; name: string; valid: boolean };

export type ManifestResult = {
  /** In the order of the input; empty when there is any error: one bad document makes the whole input invalid. */
  manifests: Manifest[];
  documents: DocumentSummary[];
  warnings: Problem[];
  errors: Problem[];
};

/** Never throws, whatever the texts are. */
export function readManifests(files: readonly { name: string; text: string }[]): ManifestResult {
  const results = files.map(readFile);
  const read = results.flatMap(({ objects }) => objects);
  const twins = duplicates(read);
  const errors = [...results.flatMap(({ errors: found }) => found), ...twins.values()];
  return {
    manifests: errors.length === 0 ? read.flatMap(({ manifest }) => manifest ?? []) : [],
    documents: read.map(({ summary }) => ({
      ...summary,
      valid: summary.valid && !twins.has(summary),
    })),
    warnings: results.flatMap(({ warnings }) => warnings),
    errors,
  };
}

type ReadObject = {
  summary: DocumentSummary;
  manifest?: Manifest;
  errors: Problem[];
  warnings: Problem[];
  /** A finding in this object as a problem of its file. */
  problem: (finding: Finding) => Problem;
};

function readFile({ name, text }: { name: string; text: string }): {
  objects: ReadObject[];
  errors: Problem[];
  warnings: Problem[];
} {
  const { documents, problems } = readDocuments(name, text);
  const items = documents.flatMap(itemsOf);
  const objects = items.map(({ document, content, at }) => readItem(document, content, at));
  const errors = [...problems, ...objects.flatMap((one) => one.errors)];
  if (items.length === 0 && problems.length === 0) {
    const message = 'no manifest in it; expected at least one document with apiVersion and kind';
    errors.push({ file: name, line: 1, path: '', value: 'nothing', message, code: 'InvalidInput' });
  }
  return { objects, errors, warnings: objects.flatMap((one) => one.warnings) };
}

type Item = { document: SourceDocument; content: unknown; at: Path };

/** The objects of a `kind: List`, also of lists within lists; any other document is one object. */
function itemsOf(document: SourceDocument): Item[] {
  const open = (content: unknown, at: Path): Item[] => {
    if (!isRecord(content) || content.apiVersion !== 'v1' || content.kind !== 'List' || !Array.isArray(content.items)) {
      return [{ document, content, at }];
    }
    return content.items.flatMap((item: unknown, index) => open(item, [...at, 'items', index]));
  };
  return open(document.content, []);
}

function readItem(document: SourceDocument, content: unknown, at: Path): ReadObject {
  const { file } = document;
  const locate = (path: Path) => document.locate([...at, ...path]);
  const { line } = locate([]);
  const problem =
    (code: Problem['code']) =>
    ({ path, value, message }: Finding): Problem => ({
      file,
      ...locate(path),
      path: formatPath([...at, ...path]),
      value: describeValue(value),
      message,
      code,
    });
  const result = checkObject(content, 'file');
  const rules = result.ok ? manifestRules(result.typed) : { errors: [], warnings: [] };
  const errors = (result.ok ? rules.errors.map(problem('InvalidInput')) : result.findings.map(problem(result.code))).sort(
    byPlace,
  );
  const valid = errors.length === 0;
  return {
    problem: problem('InvalidInput'),
    summary: { file, line, ...nameOf(result.ok ? result.object : content), valid },
    manifest: result.ok && valid ? { ...result.typed, file, line, object: result.object, locate } : undefined,
    errors,
    warnings: [...result.warnings, ...rules.warnings].map(problem('InvalidInput')).sort(byPlace),
  };
}

function byPlace(a: Problem, b: Problem): number {
  return a.line - b.line || (a.column ?? 0) - (b.column ?? 0);
}

const unnamed = '(unnamed)';

/** As far as it can be read: an invalid document is named too. */
function nameOf(content: unknown): { kind: string; namespace?: string; name: string } {
  const record = isRecord(content) ? content : {};
  const metadata = isRecord(record.metadata) ? record.metadata : {};
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return { kind: text(record.kind) ?? 'unknown', namespace: text(metadata.namespace), name: text(metadata.name) ?? unnamed };
}

/**
 * The second, third, … of objects with one name, by their summaries. Objects that are invalid for another reason count too, so
 * that every error is told at once.
 */
function duplicates(objects: readonly ReadObject[]): Map<DocumentSummary, Problem> {
  const places = new Map<string, string>();
  const found = new Map<DocumentSummary, Problem>();
  for (const { summary, problem } of objects) {
    const { file, line, kind, name } = summary;
    if (!isKind(kind) || name === unnamed) continue;
    const key = [kind, ...(kinds[kind].namespaced ? [summary.namespace ?? defaultNamespace] : []), name].join('/');
    const first = places.get(key);
    if (first === undefined) places.set(key, `${file}:${line}`);
    else
      found.set(
        summary,
        problem({ path: ['metadata', 'name'], value: name, message: `expected each name once; ${first} is ${key} too` }),
      );
  }
  return found;
}
