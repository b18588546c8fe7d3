/** Parses flow keys as sFlow-RT writes them: `ipsource`, `mask:ipsource:24`, `null:[or:tcpsourceport:udpsourceport]:0`. */
import { SquallError } from '../../lib/index.ts';
import { flowKeyNames, isFlowKeyName } from './fields.ts';
import { keyFunctions, type KeyReader, refuseFunction } from './key-functions.ts';
import { splitOutsideBrackets } from './split.ts';

const deepestNesting = 8;

/** @throws InvalidInput of an unknown key or function, or of arguments that it does not take */
export function parseKey(written: string, depth = 0): KeyReader {
  const text = unwrapped(written);
  if (depth > deepestNesting) {
    throw new SquallError(
      'InvalidInput',
      `flow key '${written}': expected at most ${String(deepestNesting)} functions in each other`,
    );
  }
  const [name = '', ...args] = splitOutsideBrackets(text, ':');
  if (args.length === 0) return namedKey(name);
  const found = Object.hasOwn(keyFunctions, name) ? keyFunctions[name] : undefined;
  if (found === undefined) return refuseFunction(name, text);
  const reader = found.build(args, (argument) => parseKey(argument, depth + 1));
  if (reader === undefined) throw new SquallError('InvalidInput', `flow key '${text}': expected ${found.usage}`);
  return reader;
}

/** @param separator sFlow-RT's `fs`; @returns undefined for a packet that lacks one of the keys; of no keys, an empty name */
export function nameOfFlow(
  keys: readonly KeyReader[],
  separator = ',',
): (fields: Parameters<KeyReader>[0]) => string | undefined {
  return (fields) => {
    const values: (string | number)[] = [];
    for (const key of keys) {
      const value = key(fields);
      if (value === undefined) return undefined;
      values.push(value);
    }
    return values.join(separator);
  };
}

/** A list of keys, or of keys in one text, joined by commas; empty is the total. */
export function parseKeys(written: string): KeyReader[] {
  return written === '' ? [] : splitOutsideBrackets(written, ',').map((key) => parseKey(key));
}

function namedKey(name: string): KeyReader {
  if (!isFlowKeyName(name)) {
    throw new SquallError('InvalidInput', `flow key '${name}': expected one of ${flowKeyNames.join(', ')}, or a function of one`);
  }
  return (fields) => fields[name];
}

function unwrapped(text: string): string {
  return text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
}
