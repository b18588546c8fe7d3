import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { JournalRecord, Report } from '../api/index.ts';
import { SquallError } from '../lib/index.ts';
import { buildReport } from './build.ts';
import { gatherEvidence } from './evidence.ts';
import { renderPage } from './html/page.ts';
import { journalLine } from './journal-text.ts';
import { renderJunit } from './junit.ts';

export const reportFiles = ['journal.jsonl', 'report.json', 'junit.xml', 'report.html'] as const;
export type ReportFile = (typeof reportFiles)[number];

export function renderJson(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** The four files of a run as text, from its journal alone. */
export function renderFiles(records: readonly JournalRecord[]): Record<ReportFile, string> {
  const evidence = gatherEvidence(records);
  return {
    'journal.jsonl': records.map(journalLine).join(''),
    'report.json': renderJson(evidence.report),
    'junit.xml': renderJunit(evidence),
    'report.html': renderPage(evidence),
  };
}

/**
 * Writes the four files into a folder, which it makes, and returns the report. Each file appears whole or not at all, and the
 * journal first: whoever sees a report.html sees the records behind it. Throws Unavailable when the folder cannot be written.
 */
export async function writeReport(folder: string, records: readonly JournalRecord[]): Promise<Report> {
  const files = renderFiles(records);
  try {
    await mkdir(folder, { recursive: true });
    for (const name of reportFiles) await replaceFile(join(folder, name), files[name]);
  } catch (error) {
    throw new SquallError('Unavailable', `could not write the report to ${folder}; choose a folder that can be written`, {
      cause: error,
    });
  }
  return buildReport(records);
}

async function replaceFile(file: string, text: string): Promise<void> {
  const temporary = `${file}.${String(process.pid)}.new`;
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
