/**
 * The attributes of sFlow-RT's JSON. Its clients write numbers and flags as they are or as texts (`'t':'2'`, `'log':'true'`), so both
 * are read; anything else is refused with the definition, the field, the value and what was expected.
 */
import { SquallError } from '../../lib/index.ts';

export type Attributes = Readonly<Record<string, unknown>>;

export function isAttributes(value: unknown): value is Attributes {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A finite number, or a text of one: sFlow-RT's are doubles. */
export function asNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || !/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(value.trim())) return undefined;
  return asNumber(Number(value));
}

export function asFlag(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (value === 'true') return true;
  return value === 'false' ? false : undefined;
}

/** @param of the definition, such as `flow 'tcp'` */
export type AttributeReader = {
  text: (field: string, expected: string, longest: number) => string | undefined;
  number: (field: string, expected: string) => number | undefined;
  flag: (field: string) => boolean | undefined;
};

/** Undefined where a field is absent, null or an empty text, as clients write what they do not set. @throws InvalidInput */
export function attributeReader(of: string, attributes: Attributes): AttributeReader {
  function read<Value>(field: string, expected: string, convert: (value: unknown) => Value | undefined): Value | undefined {
    const value = Object.hasOwn(attributes, field) ? attributes[field] : undefined;
    if (value === undefined || value === null || value === '') return undefined;
    const converted = convert(value);
    if (converted === undefined) refuseAttribute(of, field, value, expected);
    return converted;
  }
  return {
    text: (field, expected, longest) =>
      read(field, `${expected} of at most ${String(longest)} characters`, (value) =>
        typeof value === 'string' && value.length <= longest ? value : undefined,
      ),
    number: (field, expected) => read(field, expected, asNumber),
    flag: (field) => read(field, 'true or false', asFlag),
  };
}

export function refuseAttribute(of: string, field: string, value: unknown, expected: string): never {
  throw new SquallError('InvalidInput', `${of}: ${field} ${shown(value)}: expected ${expected}`);
}

/** A definition may carry its name, if it is the one that the path says. */
export function refuseOtherName(of: string, name: string, attributes: Attributes): void {
  const written = attributes.name;
  if (written !== undefined && written !== name) refuseAttribute(of, 'name', written, `${shown(name)}, as in the path, or none`);
}

export function refuseUnknownAttributes(of: string, attributes: Attributes, known: readonly string[]): void {
  const unknown = Object.keys(attributes).find((field) => !known.includes(field));
  if (unknown !== undefined) {
    throw new SquallError('InvalidInput', `${of}: there is no ${shown(unknown)}; expected one of ${known.join(', ')}`);
  }
}

/** A value as a short piece of JSON. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'undefined' : JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
