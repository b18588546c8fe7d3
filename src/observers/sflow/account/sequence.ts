/** Sequence numbers of 32 bits that wrap (RFC 1982). */
const half = 2 ** 31;

/** Datagrams overtake each other by a few, within moments; clocks of agents may tick once a second. */
export const mostLate = { datagrams: 64, uptimeMs: 2000, samples: 1024 } as const;

/** `behind`: how far, 0 for the same number. */
export type Step = { kind: 'next'; missed: number } | { kind: 'late'; behind: number } | { kind: 'restart' };

/** How far `to` is ahead of `from`: negative where it is behind. */
export const distance = (from: number, to: number): number => {
  const ahead = (to - from) >>> 0;
  return ahead < half ? ahead : ahead - 2 ** 32;
};

/** What a number says that comes after `last`: up to `mostLate` behind it is one that comes late or twice, further behind a new count. */
export function stepOf(last: number, sequence: number, mostLate: number): Step {
  const ahead = distance(last, sequence);
  if (ahead > 0) return { kind: 'next', missed: ahead - 1 };
  return ahead >= -mostLate ? { kind: 'late', behind: -ahead } : { kind: 'restart' };
}
