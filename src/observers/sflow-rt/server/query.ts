/** Numbers and lists in the queries and paths of requests. */
import { SquallError } from '../../../lib/index.ts';
import { asNumber, shown } from '../attributes.ts';

type Limits = { atLeast: number; atMost: number; whole?: boolean; otherwise: number };

/** @throws InvalidInput with name, value and expectation */
export function numberIn(query: URLSearchParams, name: string, { atLeast, atMost, whole = false, otherwise }: Limits): number {
  const written = query.get(name);
  if (written === null || written === '') return otherwise;
  const value = asNumber(written);
  if (value === undefined || value < atLeast || value > atMost || (whole && !Number.isInteger(value))) {
    const kind = whole ? 'a whole number' : 'a number';
    throw new SquallError(
      'InvalidInput',
      `query ${name} ${shown(written)}: expected ${kind} from ${String(atLeast)} to ${String(atMost)}`,
    );
  }
  return value;
}

const mostListed = 16;

/** Of a list in a path. @throws InvalidInput of more than can be asked for at once */
export function listIn(what: string, written: string, separator: string): string[] {
  const items = written.split(separator).filter((item) => item !== '');
  if (items.length > 0 && items.length <= mostListed) return items;
  throw new SquallError(
    'InvalidInput',
    `${what} ${shown(written)}: expected 1 to ${String(mostListed)} joined by '${separator}'`,
  );
}
