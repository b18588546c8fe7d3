import type { TimedSample } from '../evidence.ts';

/** What is measured now: the median of the last 2 seconds, the 95th percentile and the loss of the last 10, seen from the newest probe. */
export type Reading = { rttMs?: number; p95Ms?: number; lossPercent?: number };

const nowMs = 2000;
const shortWhileMs = 10_000;

export function readingOf(recent: readonly TimedSample[]): Reading {
  const newest = newestOf(recent);
  const shortWhile = recent.filter(([sentAt]) => sentAt > newest - shortWhileMs);
  if (shortWhile.length === 0) return {};
  const lost = shortWhile.filter(([, rtt]) => rtt === null).length;
  return {
    rttMs: quantile(answered(recent.filter(([sentAt]) => sentAt > newest - nowMs)), 0.5),
    p95Ms: quantile(answered(shortWhile), 0.95),
    lossPercent: (100 * lost) / shortWhile.length,
  };
}

const levels = '▁▂▃▄▅▆▇█';

/**
 * One character a second, the newest last: its mean RTT between 0 and the greatest shown, `×` where all probes were lost and a
 * blank where none was sent.
 */
export function sparkline(recent: readonly TimedSample[], seconds: number): string {
  const last = Math.floor(newestOf(recent) / 1000);
  const means = Array.from({ length: seconds }, (_, index) => {
    const second = last - seconds + 1 + index;
    const members = recent.filter(([sentAt]) => Math.floor(sentAt / 1000) === second);
    if (members.length === 0) return undefined;
    const times = answered(members);
    return times.length === 0 ? null : times.reduce((a, b) => a + b) / times.length;
  });
  const most = means.reduce<number>((greatest, mean) => Math.max(greatest, mean ?? 0), 0);
  return means
    .map((mean) => {
      if (mean === undefined) return ' ';
      if (mean === null) return '×';
      const level = most === 0 ? 0 : Math.round((mean / most) * (levels.length - 1));
      return levels[level] ?? levels[0] ?? '';
    })
    .join('');
}

function newestOf(recent: readonly TimedSample[]): number {
  return recent.reduce((latest, [sentAt]) => Math.max(latest, sentAt), 0);
}

function answered(samples: readonly TimedSample[]): number[] {
  return samples.flatMap(([, rtt]) => (rtt === null ? [] : [rtt]));
}

function quantile(values: readonly number[], fraction: number): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(fraction * values.length) - 1)];
}
