/**
 * Milliseconds to wait before the next try: doubling from `first` up to `most`, with full jitter.
 * @param attempt 0 for the first retry
 * @param random a number in [0, 1)
 */
export function backoff(attempt: number, random: number, limits = { first: 50, most: 10_000 }): number {
  const ceiling = Math.min(limits.most, limits.first * 2 ** Math.min(attempt, 30));
  return Math.max(1, Math.round(ceiling * (0.5 + random / 2)));
}
