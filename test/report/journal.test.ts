import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JournalEntry, JournalRecord } from '../../src/api/index.ts';
import { createJournal, type JournalOptions, readJournal } from '../../src/report/index.ts';
import { sampleJournal } from './sample-journal.ts';

const run = 'a8f6b3f0-0000-4000-8000-000000000001';
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'squall-journal-'));
  file = join(folder, 'runs', 'one', 'journal.jsonl');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const clock = { now: () => Date.UTC(2026, 2, 1) };
const open = (options: Partial<JournalOptions> = {}) => createJournal({ file, run, clock, ...options });
const samples = (count: number): JournalEntry => ({
  type: 'samples',
  stream: 's',
  hypothesis: 'h',
  samples: Array.from({ length: count }, (_, index): [number, number] => [index, 1]),
});
/** A record without what the journal adds to an entry. */
const entryOf = (record: JournalRecord): JournalEntry => {
  const { time, run: owner, sequence, ...entry } = record;
  expect([typeof time, typeof owner, typeof sequence]).toEqual(['string', 'string', 'number']);
  return entry;
};
const sequences = (records: JournalRecord[]): number[] => records.map(({ sequence }) => sequence);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('createJournal', () => {
  it('writes each record as one line with time, run and a sequence from 1', () => {
    const journal = open();
    journal.append({ type: 'phase', phase: 'before' });
    journal.append({ type: 'warning', message: 'zwei\nZeilen' });
    journal.close();
    expect(
      readFileSync(file, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { time: '2026-03-01T00:00:00.000Z', run, sequence: 1, type: 'phase', phase: 'before' },
      { time: '2026-03-01T00:00:00.000Z', run, sequence: 2, type: 'warning', message: 'zwei\nZeilen' },
    ]);
  });

  it('continues without a gap after a crash at any byte of the file', () => {
    const journal = open();
    for (const message of ['one', 'zwölf 🌩', 'three']) journal.append({ type: 'warning', message });
    journal.close();
    const whole = readFileSync(file);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length }), (bytes) => {
        writeFileSync(file, whole);
        truncateSync(file, bytes);
        const next = open();
        next.append({ type: 'phase', phase: 'undo' });
        next.close();
        const records = readJournal(file);
        const kept = whole.subarray(0, bytes).toString('latin1').split('\n').length - 1;
        expect(sequences(records)).toEqual(upTo(kept + 1));
        expect(records.at(-1)).toMatchObject({ type: 'phase', phase: 'undo' });
        expect(existsSync(`${file}.damaged`)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps damaged lines beside the file, warns, and continues after the last whole record', () => {
    const journal = open();
    journal.append({ type: 'phase', phase: 'before' });
    journal.close();
    appendFileSync(file, '\0\0\0\n{"sequence":3}\n');
    const next = open();
    next.append({ type: 'phase', phase: 'undo' });
    next.close();
    expect(readJournal(file).map(({ type }) => type)).toEqual(['phase', 'warning', 'phase']);
    expect(readFileSync(`${file}.damaged`, 'utf8')).toBe('\0\0\0\n{"sequence":3}\n');
  });

  it('refuses the file of another run', () => {
    const journal = open();
    journal.append({ type: 'phase', phase: 'before' });
    journal.close();
    expect(() => open({ run: 'another' })).toThrow(/is the journal of run a8f6b3f0/);
  });

  it('tells listeners of each record after it is written, until they stop listening', () => {
    const journal = open();
    const heard: [string, number][] = [];
    const stop = journal.onRecord((record) => heard.push([record.type, readJournal(file).length]));
    journal.append({ type: 'phase', phase: 'before' });
    journal.append(samples(2));
    stop();
    journal.append({ type: 'phase', phase: 'after' });
    expect(heard).toEqual([
      ['phase', 1],
      ['samples', 2],
    ]);
    expect(sequences(journal.records())).toEqual([1, 2, 3]);
    journal.close();
  });

  it('leaves samples out above the limit, says so once, and still takes everything else', () => {
    const journal = open({ mostSampleBytes: 500 });
    for (let index = 0; index < 20; index += 1) journal.append(samples(10));
    journal.append({ type: 'verdict', verdict: 'Passed', reason: 'r', message: 'm', residue: 0 });
    const types = journal.records().map(({ type }) => type);
    expect(types).toEqual(['samples', 'samples', 'samples', 'warning', 'verdict']);
    journal.close();
  });

  it('counts what former lives wrote towards the limit of samples', () => {
    const journal = open({ mostSampleBytes: 500 });
    for (let index = 0; index < 3; index += 1) journal.append(samples(10));
    journal.close();
    const next = open({ mostSampleBytes: 500 });
    next.append(samples(10));
    expect(next.records().map(({ type }) => type)).toEqual(['samples', 'samples', 'samples', 'warning']);
    next.close();
  });

  it('bounds warnings, and the last one says that more are left out', () => {
    const journal = open({ mostWarnings: 3 });
    for (const message of ['a', 'b', 'c', 'd', 'e']) journal.append({ type: 'warning', message });
    const messages = journal.records().map((record) => (record.type === 'warning' ? record.message : ''));
    expect(messages).toEqual(['a', 'b', 'c (further warnings are left out)']);
    journal.close();
  });

  it('names the record that came after it was closed', () => {
    const journal = open();
    journal.close();
    journal.close();
    expect(() => {
      journal.append({ type: 'phase', phase: 'done' });
    }).toThrow(/'phase' came too late/);
  });
});

describe('readJournal', () => {
  it('reads back what a run wrote', () => {
    const journal = open();
    const entries = sampleJournal({ duringMs: 2000 }).map(entryOf);
    for (const entry of entries) journal.append(entry);
    journal.close();
    expect(readJournal(file).map(entryOf)).toEqual(entries);
  });

  it('leaves out a line that is still being written', () => {
    const journal = open();
    journal.append({ type: 'phase', phase: 'before' });
    appendFileSync(file, '{"time":"2026');
    expect(sequences(readJournal(file))).toEqual([1]);
    journal.close();
  });

  it.each([
    ['no JSON', 'x\n'],
    [
      'a gap in the sequence',
      `${JSON.stringify({ time: '2026-03-01T00:00:00.000Z', run, sequence: 3, type: 'phase', phase: 'done' })}\n`,
    ],
    [
      'another run',
      `${JSON.stringify({ time: '2026-03-01T00:00:00.000Z', run: 'b', sequence: 2, type: 'phase', phase: 'done' })}\n`,
    ],
    ['a time that is none', `${JSON.stringify({ time: 'soon', run, sequence: 2, type: 'phase', phase: 'done' })}\n`],
  ])('names the line that holds %s', (_what, line) => {
    const journal = open();
    journal.append({ type: 'phase', phase: 'before' });
    journal.close();
    appendFileSync(file, line);
    expect(() => readJournal(file)).toThrow(/line 2: expected the journal record with sequence 2/);
  });

  it('says that there is no journal', () => {
    expect(() => readJournal(join(folder, 'none.jsonl'))).toThrow(/there is no journal/);
  });
});
