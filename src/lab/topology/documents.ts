import { isMap, isNode, isScalar, LineCounter, parseAllDocuments, type Document } from 'yaml';

export type Path = (string | number)[];
export type Problem = { line: number; path: string; message: string };

/** One Kubernetes object as the file wrote it, and where each of its fields stands. */
export type SourceObject = { value: unknown; problem: (path: Path, message: string) => Problem };

/** More references to anchors than any honest topology has; a bomb of nested aliases is stopped here. */
const mostAliases = 100;

/** `spec.ports[0].name` from its parts. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

/** The objects of a YAML text: all its documents, and the items of every `kind: List`. Empty documents are none. */
export function readObjects(text: string): { objects: SourceObject[]; problems: Problem[] } {
  const lineCounter = new LineCounter();
  const objects: SourceObject[] = [];
  const problems: Problem[] = [];
  for (const document of parseAllDocuments(text, { lineCounter, uniqueKeys: true, prettyErrors: false, logLevel: 'error' })) {
    const first = document.errors[0];
    if (first !== undefined) {
      problems.push({ line: lineCounter.linePos(first.pos[0]).line, path: '', message: first.message });
      continue;
    }
    const value = plainValue(document, problems, lineCounter);
    if (value === null || value === undefined) continue;
    const at = (base: Path) => (path: Path, message: string) => ({
      line: lineOf(document, [...base, ...path], lineCounter),
      path: formatPath(path),
      message,
    });
    const items = listItems(value);
    if (items === undefined) objects.push({ value, problem: at([]) });
    else for (const [index, item] of items.entries()) objects.push({ value: item, problem: at(['items', index]) });
  }
  return { objects, problems };
}

function plainValue(document: Document.Parsed, problems: Problem[], lineCounter: LineCounter): unknown {
  try {
    return document.toJS({ maxAliasCount: mostAliases });
  } catch (error) {
    const line = lineCounter.linePos(document.range[0]).line;
    problems.push({ line, path: '', message: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

function listItems(value: unknown): unknown[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { apiVersion, kind, items } = value as Record<string, unknown>;
  return apiVersion === 'v1' && kind === 'List' && Array.isArray(items) ? items : undefined;
}

/** The line of the field at `path`; for a field that is missing, the line of the nearest thing around it. */
function lineOf(document: Document.Parsed, path: Path, lineCounter: LineCounter): number {
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const start = keyStart(document, path.slice(0, depth)) ?? nodeStart(document, path.slice(0, depth));
    if (start !== undefined) return lineCounter.linePos(start).line;
  }
  return 1;
}

/** Where the key is written: for a value that is itself a map or a list, this is the line a reader looks for. */
function keyStart(document: Document.Parsed, path: Path): number | undefined {
  const key = path.at(-1);
  if (typeof key !== 'string') return undefined;
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find((candidate) => isScalar(candidate.key) && candidate.key.value === key);
  return isNode(pair?.key) ? pair.key.range?.[0] : undefined;
}

function nodeStart(document: Document.Parsed, path: Path): number | undefined {
  const node = path.length === 0 ? document.contents : document.getIn(path, true);
  return isNode(node) ? node.range?.[0] : undefined;
}
