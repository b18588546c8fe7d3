/** How often counters are due from a data source, learned from when they came. */

/** Readings of one source that come closer are of one poll; an exporter that is polled more rarely than that is no sign of life. */
const [shortestMs, longestMs] = [500, 600_000];
const spacingsKept = 3;

export type PollingRecord = { lastMs: number; spacings: number[] };

export const startPolling = (nowMs: number): PollingRecord => ({ lastMs: nowMs, spacings: [] });

/**
 * Adds readings that have come at `nowMs`, in place.
 * @returns the interval by the median of the last three, so that one outage, or one datagram that was lost, does not count; undefined before the second reading
 */
export function addReadings(record: PollingRecord, nowMs: number): number | undefined {
  const spacing = nowMs - record.lastMs;
  if (spacing >= shortestMs) {
    record.spacings = [...record.spacings, Math.min(spacing, longestMs)].slice(-spacingsKept);
    record.lastMs = nowMs;
  }
  const ordered = record.spacings.toSorted((one, other) => one - other);
  return ordered[Math.floor((ordered.length - 1) / 2)];
}
