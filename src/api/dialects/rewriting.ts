/** Small rewriters of which a dialect is made. A rewriter never fails: what it does not know it leaves for the schema to refuse. */
import type { Finding, Path } from '../problems.ts';

export type Fields = Record<string, unknown>;
export type Warn = (path: Path, value: unknown, message: string) => void;
/** Undefined as a result removes the field. Rewriting a result again must change nothing. */
export type Rewriter = (value: unknown, path: Path, warn: Warn) => unknown;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Rewrites the named fields of an object, and leaves the others. */
export function fields(rewriters: Record<string, Rewriter>): Rewriter {
  return (value, path, warn) => {
    if (!isFields(value)) return value;
    const entries = Object.entries(value).map(([key, inner]) => {
      const rewriter = Object.hasOwn(rewriters, key) ? rewriters[key] : undefined;
      return [key, rewriter === undefined ? inner : rewriter(inner, [...path, key], warn)] as const;
    });
    return Object.fromEntries(entries.filter(([key, inner]) => inner !== undefined || value[key] === undefined));
  };
}

export function each(rewriter: Rewriter): Rewriter {
  return (value, path, warn) =>
    Array.isArray(value) ? value.map((inner: unknown, index) => rewriter(inner, [...path, index], warn)) : value;
}

export function inOrder(...rewriters: Rewriter[]): Rewriter {
  return (value, path, warn) => rewriters.reduce((current, rewriter) => rewriter(current, path, warn), value);
}

/** Moves a field to its right name, unless that one is there too. */
export function rename(from: string, to: string, why: string): Rewriter {
  return (value, path, warn) => {
    if (!isFields(value) || !Object.hasOwn(value, from) || Object.hasOwn(value, to)) return value;
    warn([...path, from], value[from], `${why}; read as ${to}`);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key === from ? to : key, inner]));
  };
}

export function drop(value: Fields, field: string): Fields {
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== field));
}

export const booleanText: Rewriter = (value, path, warn) => {
  if (value !== 'true' && value !== 'false') return value;
  warn(path, value, `a text where true or false belongs; read as ${value}`);
  return value === 'true';
};

export const numberText: Rewriter = (value, path, warn) => {
  if (typeof value !== 'string' || !/^-?\d{1,15}(\.\d{1,9})?$/.test(value)) return value;
  warn(path, value, `a text where a number belongs; read as ${value}`);
  return Number(value);
};

/** The origin counts seconds where Squall wants a duration with its unit. */
export const secondsText: Rewriter = (value, path, warn) => {
  if (!/^\d{1,9}$/.test(String(value)) || (typeof value !== 'string' && typeof value !== 'number')) return value;
  warn(path, value, `a duration without unit; read as ${value}s`);
  return `${value}s`;
};

export const emptyText: Rewriter = (value, path, warn) => {
  if (value !== '') return value;
  warn(path, value, 'an empty text; read as if the field were absent');
  return undefined;
};

export function rewrite(rewriter: Rewriter, value: unknown): { value: unknown; warnings: Finding[] } {
  const warnings: Finding[] = [];
  const result = rewriter(value, [], (path, found, message) => warnings.push({ path, value: found, message }));
  return { value: result, warnings };
}
