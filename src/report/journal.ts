import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { JournalEntry, JournalRecord } from '../api/index.ts';
import { type Clock, formatInstant, SquallError } from '../lib/index.ts';
import { journalLine, parseJournal } from './journal-text.ts';

export type Journal = {
  /**
   * Writes one record before it returns, then tells the listeners. Throws Unavailable when it cannot be written (a full disk):
   * the file then ends with the record before, and the next append may work again.
   */
  append(entry: JournalEntry): void;
  /** All records, also of former lives, read back from the file. */
  records(): JournalRecord[];
  /** Calls the listener after each record is written; returns how to stop that. A listener must not throw. */
  onRecord(listener: (record: JournalRecord) => void): () => void;
  close(): void;
};

export type JournalOptions = {
  file: string;
  /** The run's uid; a file of another run is refused. */
  run: string;
  clock: Pick<Clock, 'now'>;
  /** Bytes of sample records after which samples are left out, with one warning. @default 16 MiB, about 700,000 probes */
  mostSampleBytes?: number;
  /** Warnings after which warnings are left out; the last one says so. @default 1000 */
  mostWarnings?: number;
};

const defaultSampleBytes = 16 * 1024 * 1024;
const defaultWarnings = 1000;

/**
 * The append-only record of one run, as JSON lines. An existing file is continued: a line that a crash tore is cut off, and what
 * is damaged otherwise is kept beside it in `<file>.damaged`, with a warning. Only samples and warnings are bounded by number;
 * each other kind of record is written a few times per phase, target and hypothesis.
 */
export function createJournal({
  file,
  run,
  clock,
  mostSampleBytes = defaultSampleBytes,
  mostWarnings = defaultWarnings,
}: JournalOptions): Journal {
  mkdirSync(dirname(file), { recursive: true });
  const existing = readExisting(file, run);
  const descriptor = openSync(file, 'a');
  ftruncateSync(descriptor, existing.validBytes);
  const listeners = new Set<(record: JournalRecord) => void>();
  let size = existing.validBytes;
  let sequence = existing.records.length;
  let sampleBytes = existing.records.reduce(
    (sum, record) => sum + (record.type === 'samples' ? journalLine(record).length : 0),
    0,
  );
  let samplesLeftOut = false;
  let warnings = existing.records.filter(({ type }) => type === 'warning').length;
  let open = true;

  const write = (entry: JournalEntry): void => {
    const record: JournalRecord = { time: formatInstant(clock.now()), run, sequence: sequence + 1, ...entry };
    const line = Buffer.from(journalLine(record));
    writeWhole(descriptor, line, size, file);
    size += line.length;
    sequence += 1;
    if (entry.type === 'samples') sampleBytes += line.length;
    // A verdict is what outlives a power cut; the rest only has to outlive the process.
    if (entry.type === 'verdict') fsyncSync(descriptor);
    for (const listener of listeners) listener(record);
  };

  const warn = (message: string): void => {
    warnings += 1;
    if (warnings < mostWarnings) write({ type: 'warning', message });
    else if (warnings === mostWarnings) write({ type: 'warning', message: `${message} (further warnings are left out)` });
  };

  const append = (entry: JournalEntry): void => {
    if (!open) throw new SquallError('Internal', `the journal of run ${run} is closed; '${entry.type}' came too late`);
    if (entry.type === 'warning') {
      warn(entry.message);
    } else if (entry.type === 'samples' && sampleBytes >= mostSampleBytes) {
      if (!samplesLeftOut) warn(`the journal holds ${String(sampleBytes)} bytes of samples; further samples are left out`);
      samplesLeftOut = true;
    } else {
      write(entry);
    }
  };

  if (existing.damage !== undefined) warn(existing.damage);
  return {
    append,
    records: () => parseJournal(readFileSync(file)).records,
    onRecord(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      if (!open) return;
      open = false;
      fsyncSync(descriptor);
      closeSync(descriptor);
      listeners.clear();
    },
  };
}

/**
 * The records of a journal file, also of one that is still being written (a torn last line is left out).
 * Throws NotFound when there is no file, and InvalidInput when a line in it is no record of the run.
 */
export function readJournal(file: string): JournalRecord[] {
  if (!existsSync(file)) throw new SquallError('NotFound', `there is no journal at ${file}`);
  const { records, tail } = parseJournal(readFileSync(file));
  if (tail.kind === 'damaged') {
    throw new SquallError(
      'InvalidInput',
      `${file}, line ${String(tail.line)}: expected the journal record with sequence ${String(tail.line)}, found '${tail.found}'; ` +
        `the lines before it are whole`,
    );
  }
  return records;
}

function readExisting(file: string, run: string): { records: JournalRecord[]; validBytes: number; damage?: string } {
  if (!existsSync(file)) return { records: [], validBytes: 0 };
  const bytes = readFileSync(file);
  const { records, validBytes, tail } = parseJournal(bytes);
  const owner = records[0]?.run ?? run;
  if (owner !== run)
    throw new SquallError('InvalidInput', `${file} is the journal of run ${owner}, not of ${run}; give each run its own file`);
  if (tail.kind !== 'damaged') return { records, validBytes };
  writeFileSync(`${file}.damaged`, bytes.subarray(validBytes));
  return {
    records,
    validBytes,
    damage: `the journal was damaged from line ${String(tail.line)} on; what was there is kept in ${file}.damaged`,
  };
}

/** All bytes or none: a record that could only be written in part is cut off again. */
function writeWhole(descriptor: number, bytes: Buffer, size: number, file: string): void {
  try {
    for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
  } catch (error) {
    ftruncateSync(descriptor, size);
    throw new SquallError('Unavailable', `could not write to ${file}`, { cause: error });
  }
}
