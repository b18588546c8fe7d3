import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JournalEntry, JournalRecord } from '../../src/api/index.ts';
import { formatInstant } from '../../src/lib/index.ts';
import { buildReport } from '../../src/report/index.ts';
import { refusedJournal, sampleJournal } from './sample-journal.ts';

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** A journal of these entries, one second apart. */
function journalOf(...entries: JournalEntry[]): JournalRecord[] {
  return entries.map((entry, index) => ({ time: formatInstant(index * 1000), run: 'r', sequence: index + 1, ...entry }));
}

describe('buildReport', () => {
  it('tells a whole run as the contract shapes it', () => {
    const report = buildReport(sampleJournal());
    expect(report).toMatchObject({
      apiVersion: 'squall.report/v1',
      verdict: 'Passed',
      startedAt: '2026-03-01T02:30:00.000Z',
      experiment: { namespace: 'shop', name: 'checkout-survives-slow-payments', seed: '20260301' },
      driver: 'netem',
      abort: null,
      residue: 0,
      timings: { preflight: 850, inject: 320, undo: 640 },
    });
    expect(report.phases.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['preflight', 'ok'],
      ['before', 'held'],
      ['inject', 'active'],
      ['during', 'held'],
      ['undo', 'clean'],
      ['after', 'held'],
    ]);
    expect(report.targets).toHaveLength(1);
    expect(report.targets[0]).toMatchObject({ namespace: 'shop', name: 'payments', activeAt: '2026-03-01T02:30:11.150Z' });
    expect(Math.abs((report.dose[0]?.measured.value ?? 0) - 200)).toBeLessThan(5);
    expect(report.hypothesis).toHaveLength(6);
  });

  it('is total on every prefix of a journal and claims no verdict that is not written', () => {
    for (const records of [sampleJournal({ duringMs: 5000 }), refusedJournal()]) {
      for (let length = 0; length <= records.length; length += 1) {
        const report = buildReport(records.slice(0, length));
        if (length < records.length) expect([report.verdict, report.reason]).toEqual(['Errored', 'Unfinished']);
        for (const text of [
          report.startedAt,
          report.endedAt,
          ...report.phases.flatMap((phase) => [phase.startedAt, phase.endedAt]),
        ]) {
          expect(text).toMatch(instant);
        }
        expect(Object.values(report.timings).every((time) => Number.isInteger(time) && time >= 0)).toBe(true);
      }
    }
  });

  it('is total on records in any order', () => {
    const records = sampleJournal({ duringMs: 2000 });
    fc.assert(
      fc.property(fc.shuffledSubarray(records), (some) => {
        expect(Number.isInteger(buildReport(some).residue)).toBe(true);
      }),
    );
  });

  it('counts targets that are not known to be undone when nobody counted the residue', () => {
    const records = sampleJournal();
    const active = records.findIndex((record) => record.type === 'target' && record.phase === 'Active');
    const undone = records.findIndex((record) => record.type === 'target' && record.undoneAt !== undefined);
    expect(buildReport(records.slice(0, active + 1))).toMatchObject({ residue: 1 });
    expect(buildReport(records.slice(0, active + 1)).message).toContain('1 target is not known to be undone');
    expect(buildReport(records.slice(0, undone + 1))).toMatchObject({ residue: 0 });
  });

  it('keeps what was first known of a target when later records leave it out', () => {
    const target = { namespace: 'shop', name: 'db', uid: 'u', node: 'lab' };
    const [one] = buildReport(
      journalOf(
        { type: 'targets', targets: [target] },
        { type: 'target', uid: 'u', phase: 'Active', activeAt: 'a' },
        { type: 'target', uid: 'u', phase: 'Clean', cleanAt: 'c', undoneAt: 'u' },
      ),
    ).targets;
    expect(one).toEqual({ ...target, activeAt: 'a', cleanAt: 'c', undoneAt: 'u' });
  });

  it.each([
    [
      'the same phase entered twice is one phase',
      [phase('undo'), phase('undo'), ended('undo', 'clean')],
      [['undo', 'clean', 2000]],
    ],
    [
      'a phase without an end ends with the next',
      [phase('before'), phase('undo'), ended('undo', 'clean')],
      [
        ['before', 'unknown', 1000],
        ['undo', 'clean', 1000],
      ],
    ],
    [
      'a phase that the journal cuts is unfinished',
      [phase('before'), phase('inject')],
      [
        ['before', 'unknown', 1000],
        ['inject', 'unfinished', 0],
      ],
    ],
    ['done ends the last phase', [phase('after'), phase('done')], [['after', 'unknown', 1000]]],
    ['an end without its begin is no phase', [ended('undo', 'clean')], []],
  ] satisfies [string, JournalEntry[], [string, string, number][]][])('%s', (_title, entries, expected) => {
    const phases = buildReport(journalOf(...entries)).phases;
    expect(
      phases.map(({ name, outcome, startedAt, endedAt }) => [name, outcome, Date.parse(endedAt) - Date.parse(startedAt)]),
    ).toEqual(expected);
  });

  it('keeps the last dose, exposure and judgement of each', () => {
    const dose = (value: number): JournalEntry => ({
      type: 'dose',
      dose: {
        target: 't',
        fault: 'f',
        requested: { value: 10, unit: 'ms' },
        measured: { value, low: value, high: value, unit: 'ms' },
        samples: 1,
        source: 'probe',
        ok: value > 5,
      },
    });
    const exposure = (packets: number): JournalEntry => ({
      type: 'exposure',
      exposure: { hypothesis: 'h', target: 't', packets },
    });
    const report = buildReport(journalOf(dose(1), exposure(3), dose(10), exposure(9)));
    expect(report.dose.map(({ measured }) => measured.value)).toEqual([10]);
    expect(report.exposure.map(({ packets }) => packets)).toEqual([9]);
  });

  it('tells errors among the warnings', () => {
    const report = buildReport(
      journalOf({ type: 'warning', message: 'w' }, { type: 'error', code: 'KernelRefused', message: 'no' }),
    );
    expect(report.warnings).toEqual(['w', 'KernelRefused: no']);
  });
});

function phase(name: 'before' | 'inject' | 'undo' | 'after' | 'done'): JournalEntry {
  return { type: 'phase', phase: name };
}

function ended(name: 'undo', outcome: string): JournalEntry {
  return { type: 'phase-ended', phase: name, outcome };
}
