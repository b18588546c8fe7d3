import { describe, expect, it } from 'vitest';
import { addReadings, pollingOf, startPolling } from '../../../../src/observers/sflow/account/polling.ts';

/** Read at each multiple of the interval from 0 until then. */
function readEvery(intervalMs: number, untilMs: number) {
  const record = startPolling(0);
  for (let atMs = intervalMs; atMs <= untilMs; atMs += intervalMs) addReadings(record, atMs);
  return record;
}

describe('how often an agent must be heard', () => {
  it.each([
    ['the least of its sources', [readEvery(60_000, 300_000), readEvery(5000, 300_000), readEvery(30_000, 300_000)], 5000],
    ['not that of a source that is gone', [readEvery(60_000, 300_000), readEvery(5000, 280_000)], 60_000],
    ['what was known where no source was read twice', [startPolling(0)], 30_000],
  ])('is %s', (_title, records, expected) => {
    expect(pollingOf({ counterSources: new Map(records.entries()), lastDatagramMs: 300_000, pollingMs: 30_000 })).toBe(expected);
  });
});
