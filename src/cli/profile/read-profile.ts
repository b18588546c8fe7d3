/** A recording of RTT and loss over time, from CSV. Pure; nothing in it is rounded, thinned or left out. */
import { SquallError } from '../../lib/index.ts';

/** From `atMs` on, until the next one. `line` is where it is written. */
export type ProfilePoint = { atMs: number; value: number; line: number };

/** By what was measured: RTT in milliseconds, loss in percent. At least one of them is there, with at least one point. */
export type Profile = { file: string; rtt?: ProfilePoint[]; loss?: ProfilePoint[] };

type Quantity = 'time' | 'rtt' | 'loss';

const headers: Record<string, Quantity> = {
  ...{ seconds: 'time', time: 'time', time_s: 'time' },
  ...{ rtt: 'rtt', rtt_ms: 'rtt' },
  ...{ loss: 'loss', loss_percent: 'loss' },
};

const limits: Record<Quantity, { most: number; decimals: number; expected: string }> = {
  time: {
    most: 604_800,
    decimals: 3,
    expected: 'seconds since the first row, from 0 to 604800 (a week), with at most 3 decimals',
  },
  rtt: { most: 274_877.906, decimals: 3, expected: 'milliseconds from 0 to 274877.906, with at most 3 decimals' },
  loss: { most: 100, decimals: 5, expected: 'a percentage from 0 to 100 without its sign, with at most 5 decimals' },
};

type Cell = { text: string; column: number };

/** @throws SquallError InvalidInput, which names file, line and column */
export function readProfile(file: string, text: string): Profile {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  while (lines.at(-1)?.trim() === '') lines.pop();
  const quantities = readHeader(file, cellsOf(lines[0] ?? ''));
  const rows = lines.slice(1).map((line, index) => readRow(file, index + 2, cellsOf(line), quantities));
  if (rows.length === 0) throw wrong(file, 2, 1, 'the first row of figures is missing; expected one that begins with second 0');
  rows.forEach((row, index) => {
    checkTime(file, row, rows[index - 1]);
  });
  const pointsOf = (quantity: 'rtt' | 'loss') =>
    rows.map(({ line, time, ...figures }) => ({ atMs: time, value: figures[quantity], line }));
  return {
    file,
    ...(quantities.includes('rtt') ? { rtt: pointsOf('rtt') } : {}),
    ...(quantities.includes('loss') ? { loss: pointsOf('loss') } : {}),
  };
}

function cellsOf(line: string): Cell[] {
  let column = 1;
  return line.split(',').map((raw) => {
    const cell = { text: raw.trim(), column: column + raw.length - raw.trimStart().length };
    column += raw.length + 1;
    return cell;
  });
}

function readHeader(file: string, cells: readonly Cell[]): Quantity[] {
  const quantities = cells.map(({ text, column }, index) => {
    const quantity = headers[text.toLowerCase()];
    if (quantity === undefined) {
      const known = Object.keys(headers).join(', ');
      throw wrong(file, 1, column, `'${text}' is no column that is known; expected some of ${known}; rename or remove it`);
    }
    const isSecond = cells.slice(0, index).some((other) => headers[other.text.toLowerCase()] === quantity);
    if (isSecond)
      throw wrong(file, 1, column, `'${text}' is a second column of ${quantity}; expected one; remove one of the two`);
    return quantity;
  });
  if (!quantities.includes('time'))
    throw wrong(file, 1, 1, 'the column seconds is missing; expected seconds (or time) in the header');
  if (quantities.length < 2)
    throw wrong(file, 1, 1, 'expected a column rtt, in milliseconds, or loss, in percent, beside the time');
  return quantities;
}

type Row = Record<Quantity, number> & { line: number };

function readRow(file: string, line: number, cells: readonly Cell[], quantities: readonly Quantity[]): Row {
  if (cells.length !== quantities.length) {
    const message = `${String(cells.length)} fields; expected ${String(quantities.length)}, as the header has`;
    throw wrong(file, line, cells.at(quantities.length)?.column ?? 1, message);
  }
  const row: Row = { line, time: 0, rtt: 0, loss: 0 };
  quantities.forEach((quantity, index) => {
    const { text = '', column = 1 } = cells[index] ?? {};
    const { most, decimals, expected } = limits[quantity];
    const isNumber = new RegExp(`^\\d+(\\.\\d{1,${String(decimals)}})?$`).test(text);
    if (!isNumber || Number(text) > most) throw wrong(file, line, column, `${quantity} is '${text}'; expected ${expected}`);
    row[quantity] = quantity === 'time' ? Math.round(Number(text) * 1000) : Number(text);
  });
  return row;
}

function checkTime(file: string, { line, time }: Row, before: Row | undefined): void {
  if (before === undefined && time > 0) {
    const message = `the first row is at second ${String(time / 1000)}; expected 0, since nothing says what was before; subtract it from every time`;
    throw wrong(file, line, 1, message);
  }
  if (before !== undefined && time <= before.time) {
    const message = `second ${String(time / 1000)} is not later than the row before (${String(before.time / 1000)}); sort the rows by time, one for each`;
    throw wrong(file, line, 1, message);
  }
}

function wrong(file: string, line: number, column: number, message: string): SquallError {
  return new SquallError('InvalidInput', `${file}:${String(line)}:${String(column)}: ${message}`);
}
