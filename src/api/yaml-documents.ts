/** YAML and JSON texts as documents that know where in the text each of their fields stands. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  visit,
  type YAMLMap,
} from 'yaml';
import { messageOf } from '../lib/index.ts';
import { describeValue, formatPath, type Path, type Problem } from './problems.ts';

export type Position = { line: number; column: number };
export type SourceDocument = { file: string; content: unknown; locate(path: Path): Position };

/** A file may be this long; with it, work on any input is bounded. */
export const longestFile = 1024 * 1024;
/** Objects in one file, of whatever size. */
const mostDocuments = 1000;
/** Aliases may together stand for no more than this many anchored nodes: see maxAliasCount of the yaml package. */
const mostAliases = 100;
/** After the first few, errors of syntax only follow from each other. */
const mostSyntaxErrors = 10;
/** Collections within collections; deeper than any kind of ours needs. */
const deepestNesting = 64;

export function readDocuments(file: string, text: string): { documents: SourceDocument[]; problems: Problem[] } {
  const bytes = Buffer.byteLength(text);
  if (bytes > longestFile) {
    return refused(
      file,
      `${bytes} bytes`,
      `too long; expected at most ${longestFile} bytes (1 MiB) a file; split it into several files`,
    );
  }
  if (nestsTooDeeply(text)) {
    return refused(file, `${bytes} bytes`, `nested too deeply; expected at most ${deepestNesting} levels`);
  }
  const lineCounter = new LineCounter();
  try {
    const parsed = parseAllDocuments(text, { lineCounter, uniqueKeys: false, stringKeys: true, prettyErrors: false });
    const found = 'empty' in parsed ? [] : parsed;
    if (found.length > mostDocuments) {
      return refused(file, `${found.length} documents`, `too many documents; expected at most ${mostDocuments} a file`);
    }
    const results = found.map((document) => readDocument(file, document, lineCounter));
    return {
      documents: results.flatMap(({ documents }) => documents),
      problems: results.flatMap(({ problems }) => problems),
    };
  } catch (error) {
    return refused(file, `${bytes} bytes`, `cannot be read as YAML: ${messageOf(error)}`);
  }
}

function refused(file: string, value: string, message: string) {
  return { documents: [], problems: [{ file, line: 1, path: '', value, message, code: 'InvalidInput' as const }] };
}

/**
 * The parser recurses and, in block collections, its work grows with the square of the depth; so depth is bounded before it
 * starts. Counts brackets outside of quotes, and block indicators and indentation at the start of each line.
 */
function nestsTooDeeply(text: string): boolean {
  let open = 0;
  for (const line of text.split('\n')) {
    const indicators = /^[\s?:-]*/.exec(line)?.[0].replace(/\s/g, '').length ?? 0;
    if (indicators > deepestNesting && !/^-+\s*$/.test(line)) return true;
    for (const character of line) {
      if (character === '[' || character === '{') open++;
      else if (character === ']' || character === '}') open = Math.max(0, open - 1);
      if (open > deepestNesting) return true;
    }
  }
  return false;
}

function readDocument(
  file: string,
  document: Document.Parsed,
  lineCounter: LineCounter,
): { documents: SourceDocument[]; problems: Problem[] } {
  const at = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset);
    return { line, column: col };
  };
  const slips = [...document.errors, ...document.warnings].slice(0, mostSyntaxErrors);
  const problems: Problem[] = slips.map(({ message, pos }) => ({
    file,
    ...at(pos[0]),
    path: '',
    value: 'this text',
    message: `not valid YAML: ${message}`,
    code: 'InvalidInput',
  }));
  if (problems.length > 0) return { documents: [], problems };
  problems.push(...duplicateKeys(file, document, at));
  const offsetOf = createLocator(document);
  const locate = (path: Path) => at(offsetOf(path));
  try {
    const content: unknown = document.toJS({ maxAliasCount: mostAliases });
    // An empty document, such as the text before a first `---`.
    if (content === null || content === undefined) return { documents: [], problems };
    if (containsItself(content)) throw new ReferenceError('an alias stands within what it stands for');
    return { documents: [{ file, content, locate }], problems };
  } catch (error) {
    // The parser throws a ReferenceError at an alias that is unknown or, all together, stands for too much.
    const message = `${messageOf(error)}; aliases may stand for at most ${mostAliases} nodes: write the text out`;
    return {
      documents: [],
      problems: [...problems, { file, ...locate([]), path: '', value: 'aliases', message, code: 'InvalidInput' }],
    };
  }
}

/** Everything behind this room may walk a document without looking out for circles. */
function containsItself(value: unknown, above: ReadonlySet<unknown> = new Set()): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (above.has(value)) return true;
  const path = new Set([...above, value]);
  return Object.values(value).some((inner) => containsItself(inner, path));
}

/** Found here because the parser's own search takes time with the square of a map's size. */
function duplicateKeys(file: string, document: Document.Parsed, at: (offset: number) => Position): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Map: (_key, map, ancestors) => {
      const lines = new Map<string, number>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        const position = at(key.range?.[0] ?? 0);
        const first = lines.get(name);
        if (first === undefined) lines.set(name, position.line);
        else {
          const path = formatPath([...pathOf(ancestors, map), name]);
          const message = `expected each field once; it stands in line ${first} already`;
          problems.push({ file, ...position, path, value: describeValue(name), message, code: 'InvalidInput' });
        }
      }
    },
  });
  return problems;
}

function pathOf(ancestors: readonly (Document | Node | Pair)[], last: Node): (string | number)[] {
  const chain = [...ancestors, last];
  return chain.flatMap((holder, index): (string | number)[] => {
    const next = chain[index + 1];
    if (isSeq(holder)) return [holder.items.indexOf(next)];
    return 'key' in holder && isScalar(holder.key) ? [String(holder.key.value)] : [];
  });
}

/**
 * Finds where the key of a path's last step stands, or of the deepest step that the text has: rules also speak of absent fields.
 * Keys are indexed once a map, since every problem of a long map asks again.
 */
function createLocator(document: Document.Parsed): (path: Path) => number {
  const indexes = new WeakMap<YAMLMap, Map<string, Pair>>();
  const indexOf = (map: YAMLMap) => {
    const index = indexes.get(map) ?? new Map(map.items.map((pair) => [isScalar(pair.key) ? String(pair.key.value) : '', pair]));
    indexes.set(map, index);
    return index;
  };
  return (path) => {
    let node: unknown = document.contents;
    let offset = document.contents?.range[0] ?? document.range[0];
    for (const step of path) {
      if (isAlias(node)) node = node.resolve(document);
      if (isMap(node)) {
        const pair = indexOf(node).get(String(step));
        if (pair === undefined) return offset;
        offset = (pair.key as Node).range?.[0] ?? offset;
        node = pair.value;
      } else if (isSeq(node) && typeof step === 'number') {
        node = node.items[step];
        offset = (node as Node | undefined)?.range?.[0] ?? offset;
      } else {
        return offset;
      }
    }
    return offset;
  };
}
