/** How often counters are due from a data source, learned from when they came. */

/** Readings of one source that come closer are of one poll; an exporter that is polled more rarely than that is no sign of life. */
const [shortestMs, longestMs] = [500, 600_000];
const spacingsKept = 3;

export type PollingRecord = {
  lastMs: number;
  spacings: number[];
  /** As `addReadings` found it last. */
  intervalMs: number | undefined;
};

export const startPolling = (nowMs: number): PollingRecord => ({ lastMs: nowMs, spacings: [], intervalMs: undefined });

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
  record.intervalMs = ordered[Math.floor((ordered.length - 1) / 2)];
  return record.intervalMs;
}

/** A source that was not read for so many of its intervals, while its agent was heard, is gone and says nothing of the agent. */
const intervalsUntilGone = 3;

/** The least of its sources, which is what the agent can be silent for at most; where none is known, what was found last. */
export function pollingOf(agent: {
  counterSources: ReadonlyMap<unknown, PollingRecord>;
  lastDatagramMs: number;
  pollingMs: number;
}): number {
  let least: number | undefined;
  for (const { intervalMs, lastMs } of agent.counterSources.values()) {
    if (intervalMs === undefined || agent.lastDatagramMs - lastMs > intervalsUntilGone * intervalMs) continue;
    if (least === undefined || intervalMs < least) least = intervalMs;
  }
  return least ?? agent.pollingMs;
}
