/** Anybody can send from many addresses: so many are counted apart in a second, and all further ones together as one. */
const mostCountedApart = 4096;
const windowMs = 1000;

/** A function that tells whether one more datagram of a source is still within `perSecond` of the running second. */
export function createRateLimit(perSecond: number): (source: string, nowMs: number) => boolean {
  const counts = new Map<string, number>();
  let [endsAt, countOfOthers] = [Number.NEGATIVE_INFINITY, 0];

  return (source, nowMs) => {
    if (nowMs >= endsAt) {
      counts.clear();
      countOfOthers = 0;
      endsAt = nowMs + windowMs;
    }
    const count = counts.get(source) ?? 0;
    if (count === 0 && counts.size >= mostCountedApart) {
      countOfOthers += 1;
      return countOfOthers <= perSecond;
    }
    if (count >= perSecond) return false;
    counts.set(source, count + 1);
    return true;
  };
}
