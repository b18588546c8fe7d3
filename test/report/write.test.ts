import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildReport, readJournal, reportFiles, writeReport } from '../../src/report/index.ts';
import { sampleJournal } from './sample-journal.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'squall-report-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('writeReport', () => {
  it('leaves exactly the four files, whose journal makes the same report again', async () => {
    const records = sampleJournal({ duringMs: 2000 });
    const out = join(folder, 'out', 'demo');
    const report = await writeReport(out, records);
    expect(readdirSync(out).sort()).toEqual([...reportFiles].sort());
    expect(JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'))).toEqual(report);
    expect(buildReport(readJournal(join(out, 'journal.jsonl')))).toEqual(report);
  });

  it('replaces an older report as a whole', async () => {
    await writeReport(folder, sampleJournal({ moreStreams: 3 }));
    await writeReport(folder, sampleJournal({ duringMs: 1000 }));
    expect(readJournal(join(folder, 'journal.jsonl'))).toEqual(sampleJournal({ duringMs: 1000 }));
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toMatch(/<\/html>\n$/);
  });

  it('names the folder that cannot be written, and leaves no half file', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(writeReport(join(file, 'out'), sampleJournal({ duringMs: 1000 }))).rejects.toThrow(
      /could not write the report to .*file\/out/,
    );
    expect(readdirSync(folder)).toEqual(['file']);
  });
});
