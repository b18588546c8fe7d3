/**
 * sFlow-RT's filter expressions: `ipprotocol=6&(tcpdestinationport=80,443|tcpsourceport=80,443)`. On the left of `=`, `!=`, `~` and
 * `!~` stands a key or function, on the right values joined by commas, of which one must be equal, or be a pattern of the whole value;
 * `&` binds closer than `|`. A key that the packet does not have equals nothing and matches nothing.
 */
import { SquallError } from '../../lib/index.ts';
import type { FlowFields } from './fields.ts';
import type { KeyReader } from './key-functions.ts';
import { parseKey } from './keys.ts';
import { parsePattern } from './pattern.ts';

export type Filter = (fields: FlowFields) => boolean;

const longestFilter = 1024;
const deepestBrackets = 32;

/** What is left to read of an expression. */
type Reader = { text: string; at: number; depth: number };

/** @throws InvalidInput with the place and what was expected there */
export function parseFilter(text: string): Filter {
  if (text.length > longestFilter) {
    throw new SquallError('InvalidInput', `filter: expected at most ${String(longestFilter)} characters`);
  }
  const reader: Reader = { text, at: 0, depth: 0 };
  const filter = parseEither(reader);
  if (reader.at < text.length) refuse(reader, "'&', '|' or the end");
  return filter;
}

function parseEither(reader: Reader): Filter {
  const some = listOf(reader, '|', parseAll);
  return some.length === 1 && some[0] !== undefined ? some[0] : (fields) => some.some((one) => one(fields));
}

function parseAll(reader: Reader): Filter {
  const all = listOf(reader, '&', parseTerm);
  return all.length === 1 && all[0] !== undefined ? all[0] : (fields) => all.every((one) => one(fields));
}

function listOf(reader: Reader, joint: string, parse: (reader: Reader) => Filter): Filter[] {
  const parts = [parse(reader)];
  while (taken(reader, joint)) parts.push(parse(reader));
  return parts;
}

function parseTerm(reader: Reader): Filter {
  if (!taken(reader, '(')) return parseComparison(reader);
  reader.depth += 1;
  if (reader.depth > deepestBrackets) refuse(reader, `at most ${String(deepestBrackets)} brackets in each other`);
  const inner = parseEither(reader);
  if (!taken(reader, ')')) refuse(reader, "')'");
  reader.depth -= 1;
  return inner;
}

function parseComparison(reader: Reader): Filter {
  const written = takeUntil(reader, /[=!~&|()]/);
  if (written === '') refuse(reader, 'a flow key');
  const key = parseKey(written);
  const isNegated = taken(reader, '!');
  const isPattern = taken(reader, '~');
  if (!isPattern && !taken(reader, '=')) refuse(reader, "one of '=', '!=', '~' and '!~'");
  const values = takeUntil(reader, /[&|()]/);
  if (values === '') refuse(reader, 'a value');
  const matches = isPattern ? matchesOne(key, values) : equalsOne(key, values);
  return isNegated ? (fields) => !matches(fields) : matches;
}

function equalsOne(key: KeyReader, values: string): Filter {
  const wanted = new Set(values.split(',').map((value) => value.trim()));
  return (fields) => {
    const value = key(fields);
    return value !== undefined && wanted.has(String(value));
  };
}

function matchesOne(key: KeyReader, values: string): Filter {
  const patterns = values.split(',').map((value) => parsePattern(value.trim()));
  return (fields) => {
    const value = key(fields);
    return value !== undefined && patterns.some((pattern) => pattern.test(String(value)));
  };
}

function taken(reader: Reader, character: string): boolean {
  while (reader.text[reader.at] === ' ') reader.at += 1;
  if (reader.text[reader.at] !== character) return false;
  reader.at += 1;
  return true;
}

function takeUntil(reader: Reader, end: RegExp): string {
  const rest = reader.text.slice(reader.at);
  const length = rest.search(end);
  const found = length < 0 ? rest : rest.slice(0, length);
  reader.at += found.length;
  return found.trim();
}

function refuse({ text, at }: Reader, expected: string): never {
  throw new SquallError('InvalidInput', `filter '${text}': expected ${expected} at character ${String(at + 1)}`);
}
