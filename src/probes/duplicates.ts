import type { FpingLine } from './icmp.ts';

/** A copy comes right behind its original, but answers to other pings may come in between. */
const remembered = 256;

/**
 * Tells answers that came once more: fping that pings without end prints them like any other. An answer after the ping's time-out is the
 * first one, and no copy.
 */
export function createDuplicateFinder(): (line: FpingLine) => boolean {
  const answered = new Set<string>();
  return ({ address, index, rttMs }) => {
    if (rttMs === undefined) return false;
    const ping = `${address} ${String(index)}`;
    if (answered.has(ping)) return true;
    answered.add(ping);
    const [oldest] = answered;
    if (answered.size > remembered && oldest !== undefined) answered.delete(oldest);
    return false;
  };
}
