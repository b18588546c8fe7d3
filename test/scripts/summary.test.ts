import { describe, expect, it } from 'vitest';
import type { KillRecord } from '../../scripts/torture/record.ts';
import { formatSummary, summarise } from '../../scripts/torture/summary.ts';

const facts = { seed: 5, asked: 4, tookMs: 60_000 };

function record(changes: Partial<KillRecord>): KillRecord {
  return {
    ...{ type: 'kill', number: 0, victim: 'both', phase: 'during', afterMs: 10, durationSeconds: 4, instance: 0, met: 'during' },
    ...{
      killedAt: '2026-01-01T00:00:00.000Z',
      faultSeen: true,
      verdict: 'Aborted',
      reason: 'Restarted',
      tookMs: 1000,
      problems: [],
    },
    ...changes,
  };
}

describe('the summary of a campaign', () => {
  const records = [
    record({ number: 0, lastHurtMs: 2900, sweptMs: 900 }),
    record({ number: 1, lastHurtMs: 1200, sweptMs: 2100 }),
    record({ number: 2, victim: 'agent', met: 'before', lastHurtMs: 9000, faultSeen: false }),
    record({
      number: 3,
      victim: 'target',
      lastHurtMs: 8000,
      problems: ['the ledger still has 7.json'],
      verdict: 'Passed',
      reason: 'X',
    }),
  ];
  const summary = summarise(records, facts);

  it('counts kills by victim and by the phase that was met, failures and late sweeps', () => {
    expect(summary.counts).toEqual({
      agent: { before: 1 },
      control: {},
      both: { during: 2 },
      target: { during: 1 },
      namespace: {},
    });
    expect(summary).toMatchObject({ played: 4, failed: 1, faultSeen: 3, sweptLate: 1 });
    expect(summary.verdicts).toEqual({ 'Aborted (Restarted)': 3, 'Passed (X)': 1 });
  });

  it('names the kill with the worst time, and leaves out runs that had not begun to hurt', () => {
    expect(summary.worst.lastHurtMs).toEqual({
      agent: { count: 0 },
      control: { count: 0 },
      both: { count: 2, median: 2900, worst: 2900, kill: 0 },
    });
    expect(summary.worst.sweptMs).toEqual({ count: 2, median: 2100, worst: 2100, kill: 1 });
  });

  it('says what is missing as a dash', () => {
    expect(formatSummary(summary)).toMatch(/last hurt packet after a kill of agent +\| 0 +\| - +\| - +\| - /);
  });
});
