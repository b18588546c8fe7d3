/**
 * JSON as sFlow-RT's own examples write it: `{keys:'ipsource,ipdestination', value:'bytes'}`. Names of fields may stand without quotes,
 * texts in single ones, and a comma may stand behind the last item.
 */
import { SquallError } from '../../../lib/index.ts';
import { shown } from '../attributes.ts';

const deepestNesting = 16;

type Reader = { text: string; at: number; depth: number };

/** @throws InvalidInput with the place and what was expected there */
export function parseRelaxedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // What is not JSON may still be the relaxed kind, whose reader says what is wrong.
  }
  const reader: Reader = { text, at: 0, depth: 0 };
  const value = readValue(reader);
  if (peek(reader) !== undefined) refuse(reader, 'the end');
  return value;
}

function readValue(reader: Reader): unknown {
  switch (peek(reader)) {
    case '{':
      return nested(reader, readObject);
    case '[':
      return nested(reader, readArray);
    case '"':
    case "'":
      return readText(reader);
    default:
      return readWord(reader);
  }
}

function nested(reader: Reader, read: (reader: Reader) => unknown): unknown {
  reader.at += 1;
  reader.depth += 1;
  if (reader.depth > deepestNesting) refuse(reader, `at most ${String(deepestNesting)} levels`);
  const value = read(reader);
  reader.depth -= 1;
  return value;
}

function readObject(reader: Reader): unknown {
  const fields: [string, unknown][] = [];
  while (!taken(reader, '}')) {
    if (fields.length > 0) expect(reader, ',');
    if (taken(reader, '}')) break;
    const name = readName(reader);
    expect(reader, ':');
    fields.push([name, readValue(reader)]);
  }
  // Own fields, whatever their name.
  return Object.fromEntries(fields);
}

function readArray(reader: Reader): unknown {
  const items: unknown[] = [];
  while (!taken(reader, ']')) {
    if (items.length > 0) expect(reader, ',');
    if (taken(reader, ']')) break;
    items.push(readValue(reader));
  }
  return items;
}

function readName(reader: Reader): string {
  const start = peek(reader);
  if (start === '"' || start === "'") return readText(reader);
  return match(reader, /[A-Za-z_$][\w$]*/y) ?? refuse(reader, 'the name of a field');
}

function readText(reader: Reader): string {
  const quote = reader.text[reader.at] ?? '';
  const written = match(reader, quote === "'" ? /'(?:[^'\\\n]|\\.)*'/y : /"(?:[^"\\\n]|\\.)*"/y);
  if (written === undefined) return refuse(reader, `a text that ends with ${quote}`);
  const inner = written.slice(1, -1).replace(/\\'|"/g, (found) => (found === '"' ? '\\"' : "'"));
  try {
    return JSON.parse(`"${quote === "'" ? inner : written.slice(1, -1)}"`) as string;
  } catch {
    return refuse(reader, "JSON's escapes before here, such as \\n");
  }
}

function readWord(reader: Reader): unknown {
  const word = match(reader, /-?[\w.+-]+/y);
  if (word === 'true' || word === 'false' || word === 'null') return JSON.parse(word) as unknown;
  if (word !== undefined && /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(word)) return Number(word);
  reader.at -= word?.length ?? 0;
  return refuse(reader, 'a value');
}

function match(reader: Reader, pattern: RegExp): string | undefined {
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.text)?.[0];
  reader.at += found?.length ?? 0;
  return found;
}

/** The next character that is no blank. */
function peek(reader: Reader): string | undefined {
  while (/\s/.test(reader.text[reader.at] ?? '')) reader.at += 1;
  return reader.text[reader.at];
}

function taken(reader: Reader, character: string): boolean {
  if (peek(reader) !== character) return false;
  reader.at += 1;
  return true;
}

function expect(reader: Reader, character: string): void {
  if (!taken(reader, character)) refuse(reader, `'${character}'`);
}

function refuse({ text, at }: Reader, expected: string): never {
  throw new SquallError(
    'InvalidInput',
    `body ${shown(text.slice(at, at + 20))}: expected ${expected} at character ${String(at + 1)}`,
  );
}
