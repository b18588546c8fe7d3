import type { JournalRecord } from '../api/index.ts';

export type JournalText = {
  records: JournalRecord[];
  /** Bytes from the start that hold exactly these records, with their line ends. */
  validBytes: number;
  /** What follows the valid bytes: nothing, the line that a crash tore, or something that no crash of ours leaves. */
  tail: { kind: 'none' | 'torn' } | { kind: 'damaged'; line: number; found: string };
};

const lineEnd = 0x0a;

/**
 * Reads as many whole records as there are, from the start. A last line without its line end is torn: the writer adds the two
 * together, so a line that lacks one was never acknowledged. Anything else that is not the next record is damage.
 */
export function parseJournal(bytes: Buffer): JournalText {
  const records: JournalRecord[] = [];
  let start = 0;
  for (;;) {
    const end = bytes.indexOf(lineEnd, start);
    if (end === -1) break;
    const line = bytes.toString('utf8', start, end);
    const record = parseRecord(line, records.length + 1, records[0]?.run);
    if (record === undefined)
      return { records, validBytes: start, tail: { kind: 'damaged', line: records.length + 1, found: line.slice(0, 80) } };
    records.push(record);
    start = end + 1;
  }
  return { records, validBytes: start, tail: { kind: start === bytes.length ? 'none' : 'torn' } };
}

/** The record of a line when it is the one expected: same run, next sequence. Its other fields are our own writer's. */
function parseRecord(line: string, sequence: number, run: string | undefined): JournalRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const record = value as Partial<JournalRecord>;
  const expected =
    record.sequence === sequence &&
    typeof record.time === 'string' &&
    !Number.isNaN(Date.parse(record.time)) &&
    typeof record.type === 'string' &&
    typeof record.run === 'string' &&
    (run === undefined || record.run === run);
  return expected ? (value as JournalRecord) : undefined;
}

export function journalLine(record: JournalRecord): string {
  return `${JSON.stringify(record)}\n`;
}
