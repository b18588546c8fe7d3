import { type Cursor, type Field, type FieldValue, readFields } from './fields.ts';

/** One value of a decoded record; nested where the record is. */
export type RecordValue = FieldValue | readonly DecodedRecord[] | readonly FieldValue[];
export type DecodedRecord = Record<string, RecordValue>;

/** A kind of record: the name that it has in the JSON, and how its body is read. */
export type RecordDecoder = { name: string; read: (cursor: Cursor) => DecodedRecord };

export const recordOf = (name: string, fields: readonly Field[]): RecordDecoder => ({
  name,
  read: (cursor) => readFields(cursor, fields),
});

/** Fields of one kind, in a row. */
export const all = (kind: Field[1], ...names: string[]): Field[] => names.map((name) => [name, kind] as const);
