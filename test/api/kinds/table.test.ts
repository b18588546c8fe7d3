import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { kinds, servedKinds } from '../../../src/api/index.ts';

/** Everything in a JSON schema that a Kubernetes structural schema or Go's regular expressions cannot take. */
function unstructural(schema: unknown, path = ''): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]: [string, unknown]) => {
    const here = `${path}/${key}`;
    if (['oneOf', 'allOf', '$ref', 'definitions', '$defs'].includes(key)) return [here];
    if (key === 'pattern' && /\(\?[=!<]/.test(String(value))) return [here];
    if (key === 'anyOf' && !Object.keys(schema).some((other) => other.startsWith('x-kubernetes-')) && !path.includes('tolerance'))
      return [here];
    return unstructural(value, here);
  });
}

describe('the table of kinds', () => {
  it.each(Object.entries(kinds))('%s stands under its own name and can become a CRD', (name, definition) => {
    expect(definition.kind).toBe(name);
    expect([definition.singular, definition.plural]).toEqual([name.toLowerCase(), `${name.toLowerCase()}s`]);
    const schema = z.toJSONSchema(definition.specSchema, {
      target: 'openapi-3.0',
      io: 'input',
      reused: 'inline',
      cycles: 'throw',
    });
    expect(unstructural(schema)).toEqual([]);
  });

  it('names no plural and no short name twice', () => {
    const names = servedKinds.flatMap(({ apiVersion, plural, shortName }) => [
      `${apiVersion}/${plural}`,
      shortName ?? plural + apiVersion,
    ]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('holds the validator apart from namespaces, and everything else of ours in them', () => {
    const outside = Object.values(kinds).filter(({ namespaced }) => !namespaced);
    expect(outside.map(({ kind }) => kind)).toEqual(['NetworkModulesValidator']);
  });
});
