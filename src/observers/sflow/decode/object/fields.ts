import { addressText, hexText, ipv4Text, ipv6Text, macText, uuidText } from './text.ts';

/** Where reading stands inside one record. Nothing is read at or behind `end`. */
export type Cursor = { view: DataView; offset: number; end: number };

/** What a field holds. A `counter…` that is all ones is one that the sender does not know. */
export type FieldKind =
  | 'number'
  | 'counter32'
  | 'counter64'
  /** 64 bits as decimal text: more than a JavaScript number holds exactly. */
  | 'decimal64'
  | 'hex64'
  | 'float'
  /** Hundredths of a percent on the wire. */
  | 'percent'
  | 'text'
  | 'address'
  | 'ipv4'
  | 'ipv6'
  | 'mac'
  | 'uuid'
  /** A count, and so many numbers. */
  | 'numbers';

export type Field = readonly [name: string, kind: FieldKind];
export type FieldValue = string | number | number[];
export type Fields = Record<string, FieldValue>;

const allOnes = 0xffff_ffff;
const utf8 = new TextDecoder();

/**
 * The fields of a record, in their order, until the record ends: later versions of a record have more at its end, earlier ones less. What the sender
 * does not know is left out.
 */
export function readFields(cursor: Cursor, fields: readonly Field[]): Fields {
  const values: Fields = {};
  for (const [name, kind] of fields) {
    const before = cursor.offset;
    const value = readField(cursor, kind);
    if (value !== undefined) values[name] = value;
    if (cursor.offset === before) break;
  }
  return values;
}

/** Undefined where it is not known, or does not fit any more: then the cursor stays. */
export function readField(cursor: Cursor, kind: FieldKind): FieldValue | undefined {
  switch (kind) {
    case 'number':
      return readWord(cursor);
    case 'counter32':
      return knownCounter(readWord(cursor));
    case 'counter64':
      return take(cursor, 8, (view, offset) => {
        const [high, low] = [view.getUint32(offset), view.getUint32(offset + 4)];
        return high === allOnes && low === allOnes ? undefined : high * 2 ** 32 + low;
      });
    case 'decimal64':
      return take(cursor, 8, (view, offset) => view.getBigUint64(offset).toString());
    case 'hex64':
      return take(cursor, 8, (view, offset) => hexText(view, offset, 8));
    case 'float':
      return take(cursor, 4, (view, offset) => {
        const value = view.getFloat32(offset);
        // A float32 has seven digits; what a double shows behind them is noise.
        return Number.isFinite(value) ? Number(value.toPrecision(7)) : undefined;
      });
    case 'percent': {
      const hundredths = knownCounter(readWord(cursor));
      return hundredths === undefined ? undefined : hundredths / 100;
    }
    case 'text':
      return readText(cursor);
    case 'address':
      return readAddress(cursor);
    case 'ipv4':
      return take(cursor, 4, ipv4Text);
    case 'ipv6':
      return take(cursor, 16, ipv6Text);
    case 'mac':
      return take(cursor, 8, macText);
    case 'uuid':
      return take(cursor, 16, uuidText);
    case 'numbers':
      return readNumbers(cursor);
  }
}

/** @returns undefined where fewer than 4 bytes are left */
export const readWord = (cursor: Cursor): number | undefined => take(cursor, 4, (view, offset) => view.getUint32(offset));

/** A count and as many items, or as many as there are. */
export function readList<Item>(cursor: Cursor, readItem: (cursor: Cursor) => Item | undefined): Item[] | undefined {
  const count = readWord(cursor);
  if (count === undefined) return undefined;
  const items: Item[] = [];
  while (items.length < count) {
    const before = cursor.offset;
    const item = readItem(cursor);
    if (item === undefined || cursor.offset === before) break;
    items.push(item);
  }
  return items;
}

export const readNumbers = (cursor: Cursor): number[] | undefined => readList(cursor, readWord);

const knownCounter = (value: number | undefined): number | undefined => (value === allOnes ? undefined : value);

function take<Value>(
  cursor: Cursor,
  length: number,
  read: (view: DataView, offset: number) => Value | undefined,
): Value | undefined {
  const { view, offset, end } = cursor;
  if (offset + length > end) return undefined;
  cursor.offset += length;
  return read(view, offset);
}

/** A text that says it is longer than its record is cut to the record. */
function readText(cursor: Cursor): string | undefined {
  const length = readWord(cursor);
  if (length === undefined) return undefined;
  const { view, offset, end } = cursor;
  const textEnd = Math.min(offset + length, end);
  cursor.offset = Math.min(textEnd + ((4 - (length & 3)) & 3), end);
  return utf8.decode(new Uint8Array(view.buffer, view.byteOffset + offset, textEnd - offset));
}

/** An address with its type before it. */
function readAddress(cursor: Cursor): string | undefined {
  const { view, offset, end } = cursor;
  const type = readWord(cursor);
  if (type === undefined) return undefined;
  const length = [0, 4, 16][type];
  if (length === undefined || offset + 4 + length > end) {
    // Where the next field begins is not known.
    cursor.offset = offset;
    return undefined;
  }
  cursor.offset += length;
  return addressText(view, type, offset + 4);
}
