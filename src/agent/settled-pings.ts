import type { PingCount } from './dose-by-pings.ts';

/**
 * Counts a peer's pings in the order in which they were sent, each once all before it are settled. An answer is there at once and a loss
 * only after its time-out: to count what is settled, whatever was sent since, would count too few losses.
 */
export type SettledPings = {
  counts: Readonly<PingCount>;
  settle(number: number, outcome: 'answered' | 'lost'): void;
  /** An answer came once more. */
  repeat(number: number): void;
};

/** @param before what was counted of earlier pings, whose numbers began at 0 as these do */
export function createSettledPings(before: Readonly<PingCount> = { answered: 0, lost: 0, duplicates: 0 }): SettledPings {
  const counts: PingCount = { ...before };
  const waiting = new Map<number, { outcome?: 'answered' | 'lost'; copies: number }>();
  let next = 0;
  const pingOf = (number: number) => {
    const ping = waiting.get(number) ?? { copies: 0 };
    waiting.set(number, ping);
    return ping;
  };
  const countSettled = (): void => {
    for (let ping = waiting.get(next); ping?.outcome !== undefined; ping = waiting.get(next)) {
      counts[ping.outcome] += 1;
      counts.duplicates += ping.copies;
      waiting.delete(next);
      next += 1;
    }
  };
  return {
    counts,
    settle: (number, outcome) => {
      if (number < next) return;
      pingOf(number).outcome ??= outcome;
      countSettled();
    },
    repeat: (number) => {
      if (number < next) counts.duplicates += 1;
      else pingOf(number).copies += 1;
    },
  };
}
