import { setTimeout as sleep } from 'node:timers/promises';

/** Looks again and again until there is something to see. Rejects with what was waited for, and what was seen instead. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  { limitMs = 100_000, everyMs = 100, instead = () => '' }: { limitMs?: number; everyMs?: number; instead?: () => string } = {},
): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms: ${what} ${instead()}`.trim());
    await sleep(everyMs);
  }
}
