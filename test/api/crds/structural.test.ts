import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { customResourceDefinitions } from '../../../src/api/crds/index.ts';
import type { JsonSchema } from '../../../src/api/server-rules.ts';
import { isVisible, parseRule } from './cel.ts';
import { rootSchema, rulesOf } from './server-check.ts';
import { everySchema, structuralRules, unstructural } from './structural-check.ts';

const definitions = customResourceDefinitions().map((definition) => ({
  kind: definition.spec.names.kind,
  schema: rootSchema(definition),
}));
const text = { type: 'string' };
const object = (properties: JsonSchema, more: JsonSchema = {}): JsonSchema => ({ type: 'object', properties, ...more });

/** For each rule, a schema that breaks it and no other. */
const broken: Record<string, JsonSchema> = {
  'the root is an object': text,
  'every field and item has a type, is an int-or-string or keeps unknown fields': object({ a: { maxLength: 3 } }),
  'a type is one word that Kubernetes knows': object({ a: { type: 'null' } }),
  'an int-or-string has no type': object({ a: { type: 'string', 'x-kubernetes-int-or-string': true } }),
  'an int-or-string keeps no unknown fields': object({
    a: { 'x-kubernetes-int-or-string': true, 'x-kubernetes-preserve-unknown-fields': true },
  }),
  'a list says what its items are': object({ a: { type: 'array' } }),
  'fields are named or free, not both': object({ a: object({ b: text }, { additionalProperties: text }) }),
  'the root has no free fields': { type: 'object', additionalProperties: text },
  'additionalProperties is a schema': object({ a: { type: 'object', additionalProperties: true } }),
  'only known keywords are used': object({ a: { type: 'string', $ref: '#/a' } }),
  'junctions say nothing that belongs to the field itself': object({ a: text }, { anyOf: [{ properties: { a: text } }] }),
  'junctions name only fields that are there outside of them': object(
    { a: text },
    { not: { properties: { b: { enum: ['x'] } } } },
  ),
  'metadata restricts the name at most': object({ metadata: object({ labels: object({}) }) }),
  'a list by keys has required scalar keys': object({
    a: { type: 'array', items: object({ name: text }), 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] },
  }),
  'items of a set are scalars or atomic': object({ a: { type: 'array', items: object({}), 'x-kubernetes-list-type': 'set' } }),
  'required fields are named': object({}, { required: ['a'] }),
};

describe('the checker of structural schemas', () => {
  it.each(structuralRules)('sees that $rule', ({ rule }) => {
    const found = unstructural(broken[rule] ?? {}).map((one) => one.replace(/^[^:]*: /, ''));
    expect(found).toEqual([rule]);
  });
});

describe.each(definitions)('the schema of $kind', ({ schema }) => {
  it('is structural', () => {
    expect(unstructural(schema)).toEqual([]);
  });

  it('has only patterns that Go compiles', () => {
    const patterns = everySchema(schema).flatMap(({ schema: one }) => (typeof one.pattern === 'string' ? [one.pattern] : []));
    for (const pattern of patterns) expect(() => RE2JS.compile(pattern), pattern).not.toThrow();
  });

  it('has only rules that are CEL, with a message of one line', () => {
    for (const { schema: one } of everySchema(schema)) {
      for (const { rule, message } of rulesOf(one)) {
        expect(() => parseRule(rule), rule).not.toThrow();
        expect(message).toMatch(/^[^\n]{1,2048}$/);
      }
    }
  });

  it('has no rule about a field that the server cannot see, and names only fields that are there', () => {
    for (const { path, schema: one } of everySchema(schema)) {
      const properties = (one.properties ?? {}) as Record<string, JsonSchema>;
      for (const { rule, fieldPath } of rulesOf(one)) {
        if (one.type !== 'object') continue;
        const used = [...rule.matchAll(/\bself\.([A-Za-z]\w*)(?!\w|\()/g)].map(([, field = '']) => field);
        const unseen = used.filter((field) => properties[field] === undefined || !isVisible(properties[field]));
        expect(unseen, `${path}: ${rule}`).toEqual([]);
        const [named] = (fieldPath ?? '').split('.').filter((step) => step !== '');
        expect(named === undefined || properties[named] !== undefined, `${path}: ${String(fieldPath)}`).toBe(true);
      }
    }
  });

  it('bounds every list and map that is on the way to a rule, so that the server can tell what it costs', () => {
    const unbounded = everySchema(schema).filter(({ schema: one }) => {
      const isList = one.type === 'array' && one.maxItems === undefined;
      const isMap = one.additionalProperties !== undefined && one.maxProperties === undefined;
      return (isList || isMap) && everySchema(one).some(({ schema: inner }) => inner !== one && rulesOf(inner).length > 0);
    });
    expect(unbounded.map(({ path }) => path)).toEqual([]);
  });

  it('bounds every text that a rule reads', () => {
    const texts = everySchema(schema).filter(({ schema: one }) => one.type === 'string' && rulesOf(one).length > 0);
    expect(texts.filter(({ schema: one }) => one.maxLength === undefined).map(({ path }) => path)).toEqual([]);
  });
});
