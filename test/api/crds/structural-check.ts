/**
 * Kubernetes' rules of a structural schema, and of the definitions that API servers take, each with its name. A schema that breaks one
 * is not served.
 */
import { isSchema, mapSubschemas } from '../../../src/api/crds/structural.ts';
import type { JsonSchema } from '../../../src/api/server-rules.ts';

type Place = { isRoot: boolean; isJunction: boolean };
type StructuralRule = { rule: string; isBroken: (schema: JsonSchema, place: Place) => boolean };

/** Keywords that API servers know; the rest of JSON Schema is refused or lost. */
const known = new Set([
  ...['type', 'format', 'description', 'default', 'enum', 'nullable', 'pattern', 'minLength', 'maxLength'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minItems', 'maxItems', 'uniqueItems'],
  ...[
    'items',
    'properties',
    'additionalProperties',
    'required',
    'minProperties',
    'maxProperties',
    'allOf',
    'anyOf',
    'oneOf',
    'not',
  ],
  ...[
    'validations',
    'int-or-string',
    'preserve-unknown-fields',
    'list-type',
    'list-map-keys',
    'map-type',
    'embedded-resource',
  ].map((name) => `x-kubernetes-${name}`),
]);
const types: readonly unknown[] = ['object', 'array', 'string', 'integer', 'number', 'boolean'];
/** What may only be said of a field itself, not in allOf, anyOf, oneOf and not. */
const onlyOutside = ['type', 'description', 'default', 'nullable', 'additionalProperties'];

const isIntOrString = (schema: JsonSchema) => schema['x-kubernetes-int-or-string'] === true;
const keepsUnknown = (schema: JsonSchema) => schema['x-kubernetes-preserve-unknown-fields'] === true;
const junctionsOf = ({ allOf, anyOf, oneOf, not }: JsonSchema) =>
  [...[allOf, anyOf, oneOf].flatMap((all) => (Array.isArray(all) ? (all as unknown[]) : [])), not].filter(isSchema);

export const structuralRules: readonly StructuralRule[] = [
  { rule: 'the root is an object', isBroken: ({ type }, { isRoot }) => isRoot && type !== 'object' },
  {
    rule: 'every field and item has a type, is an int-or-string or keeps unknown fields',
    isBroken: (schema, { isJunction }) =>
      !isJunction && schema.type === undefined && !isIntOrString(schema) && !keepsUnknown(schema),
  },
  {
    rule: 'a type is one word that Kubernetes knows',
    isBroken: ({ type }) => type !== undefined && !types.includes(type),
  },
  { rule: 'an int-or-string has no type', isBroken: (schema) => isIntOrString(schema) && schema.type !== undefined },
  { rule: 'an int-or-string keeps no unknown fields', isBroken: (schema) => isIntOrString(schema) && keepsUnknown(schema) },
  { rule: 'a list says what its items are', isBroken: ({ type, items }) => type === 'array' && !isSchema(items) },
  {
    rule: 'fields are named or free, not both',
    isBroken: ({ properties, additionalProperties }) => properties !== undefined && additionalProperties !== undefined,
  },
  {
    rule: 'the root has no free fields',
    isBroken: ({ additionalProperties }, { isRoot }) => isRoot && additionalProperties !== undefined,
  },
  {
    rule: 'additionalProperties is a schema',
    isBroken: ({ additionalProperties: free }) => free !== undefined && !isSchema(free),
  },
  { rule: 'only known keywords are used', isBroken: (schema) => Object.keys(schema).some((keyword) => !known.has(keyword)) },
  {
    rule: 'junctions say nothing that belongs to the field itself',
    isBroken: (schema, { isJunction }) =>
      isJunction && Object.keys(schema).some((keyword) => onlyOutside.includes(keyword) || keyword.startsWith('x-kubernetes-')),
  },
  {
    rule: 'junctions name only fields that are there outside of them',
    isBroken: (schema, { isJunction }) => !isJunction && junctionsOf(schema).some((junction) => !isWithin(junction, schema)),
  },
  {
    rule: 'metadata restricts the name at most',
    isBroken: ({ properties }, { isRoot }) =>
      isRoot &&
      isSchema(properties) &&
      isSchema(properties.metadata) &&
      Object.keys(properties.metadata.properties ?? {}).some((key) => key !== 'name' && key !== 'generateName'),
  },
  {
    rule: 'a list by keys has required scalar keys',
    isBroken: (schema) => schema['x-kubernetes-list-type'] === 'map' && !hasKeys(schema),
  },
  {
    rule: 'items of a set are scalars or atomic',
    isBroken: ({ 'x-kubernetes-list-type': list, items }) =>
      list === 'set' && isSchema(items) && items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic',
  },
  { rule: 'required fields are named', isBroken: (schema, { isJunction }) => !isJunction && requiredButUnknown(schema) },
];

function isWithin(junction: JsonSchema, schema: JsonSchema): boolean {
  const properties = isSchema(schema.properties) ? schema.properties : {};
  const named = isSchema(junction.properties) ? Object.entries(junction.properties) : [];
  return (
    named.every(([name, inner]) => isSchema(properties[name]) && isWithin(inner as JsonSchema, properties[name])) &&
    (!isSchema(junction.items) || (isSchema(schema.items) && isWithin(junction.items, schema.items))) &&
    junctionsOf(junction).every((inner) => isWithin(inner, schema))
  );
}

function hasKeys({ items, 'x-kubernetes-list-map-keys': keys }: JsonSchema): boolean {
  if (!isSchema(items) || !isSchema(items.properties) || !Array.isArray(keys) || keys.length === 0) return false;
  const { properties, required } = items;
  return keys.every((key: string) => {
    const own = properties[key];
    return isSchema(own) && own.type !== 'object' && own.type !== 'array' && ((required ?? []) as string[]).includes(key);
  });
}

function requiredButUnknown({ required, properties }: JsonSchema): boolean {
  const named = isSchema(properties) ? properties : {};
  return ((required ?? []) as string[]).some((field) => named[field] === undefined);
}

/** `path: rule` of everything that is broken. */
export function unstructural(schema: JsonSchema, path = '', place: Place = { isRoot: true, isJunction: false }): string[] {
  const own = structuralRules.filter(({ isBroken }) => isBroken(schema, place)).map(({ rule }) => `${path}: ${rule}`);
  const inner: string[] = [];
  mapSubschemas(schema, (sub, step) => {
    inner.push(...unstructural(sub, `${path}.${step}`, { ...place, isRoot: false }));
    return sub;
  });
  const junctions = junctionsOf(schema).flatMap((one) => unstructural(one, `${path}~`, { isRoot: false, isJunction: true }));
  return [...own, ...inner, ...junctions];
}

/** Every schema within a schema, with its path; junctions too. */
export function everySchema(schema: JsonSchema, path = ''): { path: string; schema: JsonSchema }[] {
  const inner: { path: string; schema: JsonSchema }[] = [];
  mapSubschemas(schema, (sub, step) => {
    inner.push(...everySchema(sub, `${path}.${step}`));
    return sub;
  });
  return [{ path, schema }, ...inner, ...junctionsOf(schema).flatMap((one) => everySchema(one, `${path}~`))];
}
