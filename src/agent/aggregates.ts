import type { SecondAggregate } from '../api/index.ts';

const mostSeconds = 20;

/** Appends complete seconds to what a status shows of a stream: the newest 20, oldest first. */
export function appendSeconds(shown: readonly SecondAggregate[], complete: readonly SecondAggregate[]): SecondAggregate[] {
  return [...shown, ...complete].slice(-mostSeconds);
}

/**
 * As many of the newest seconds as fit into a status, the same number of every stream; a reader that looks once a second needs few.
 * @param mostCharacters of JSON
 */
export function fitAggregates(
  aggregates: Readonly<Record<string, readonly SecondAggregate[]>>,
  mostCharacters: number,
): Record<string, SecondAggregate[]> {
  const lengths = Object.entries(aggregates).map(([stream, seconds]) => ({
    base: JSON.stringify(stream).length + 4,
    seconds: seconds.map((second) => JSON.stringify(second).length + 1).reverse(),
  }));
  let total = lengths.reduce((sum, { base }) => sum + base, 2);
  let keep = 0;
  for (; keep < mostSeconds; keep += 1) {
    total += lengths.reduce((sum, { seconds }) => sum + (seconds[keep] ?? 0), 0);
    if (total > mostCharacters) break;
  }
  return Object.fromEntries(
    Object.entries(aggregates).map(([stream, seconds]) => [stream, keep === 0 ? [] : seconds.slice(-keep)]),
  );
}
