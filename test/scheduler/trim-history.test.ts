import { describe, expect, it } from 'vitest';
import { type FinishedRun, runName, runsToTrim, tickOfRun } from '../../src/scheduler/index.ts';

const runs: FinishedRun[] = (['Passed', 'Failed', 'Passed', 'Aborted', 'Passed', 'Refused'] as const).map((verdict, index) => ({
  name: `run-${String(index)}`,
  tick: index * 1000,
  verdict,
}));

describe('runsToTrim', () => {
  it.each([
    [3, 3, []],
    [2, 1, ['run-0', 'run-1', 'run-3']],
    [0, 3, ['run-0', 'run-2', 'run-4']],
    [3, 0, ['run-1', 'run-3', 'run-5']],
  ])('keeps the newest %i that passed and the newest %i that did not', (successfulHistory, failedHistory, expected) => {
    expect(runsToTrim(runs, { successfulHistory, failedHistory })).toEqual(expected);
    expect(runsToTrim(runs.toReversed(), { successfulHistory, failedHistory })).toEqual(expected);
  });
});

describe('the name of a run', () => {
  it('is the schedule and the second of its tick, and can be read back', () => {
    expect(runName('nightly', Date.parse('2026-06-01T10:00:00Z'))).toBe('nightly-1780308000');
    expect(tickOfRun('nightly', 'nightly-1780308000')).toBe(Date.parse('2026-06-01T10:00:00Z'));
  });

  it.each(['nightly', 'nightly-', 'nightly-x', 'nightly-b-1780308000', 'other-1780308000'])('is not %s', (name) => {
    expect(tickOfRun('nightly', name)).toBeUndefined();
  });
});
