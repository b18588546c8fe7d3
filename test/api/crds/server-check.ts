/**
 * What an API server with our definitions does to an object before it stores it: drop nulls and unknown fields, fill in defaults, hold
 * it against schema, list types and rules. Only the keywords that the definitions use.
 */
import { isDeepStrictEqual } from 'node:util';
import { RE2JS } from 're2js';
import type { CustomResourceDefinition } from '../../../src/api/crds/index.ts';
import { isSchema, mapSubschemas } from '../../../src/api/crds/structural.ts';
import type { JsonSchema, ServerValidation } from '../../../src/api/server-rules.ts';
import { broken, celValue } from './cel.ts';

export type Cause = { field: string; message: string };

export function serverCheck(definition: CustomResourceDefinition, manifest: unknown): Cause[] {
  const schema = rootSchema(definition);
  const stored = asStored(structuredClone(manifest), schema);
  const causes = schemaCauses(stored, schema, '');
  return causes.length > 0 ? causes : ruleCauses(stored, schema, '');
}

export function rootSchema({ spec }: CustomResourceDefinition): JsonSchema {
  return spec.versions[0]?.schema.openAPIV3Schema ?? {};
}

/** Pruned and with defaults. */
export function asStored(value: unknown, schema: JsonSchema, isRoot = true): unknown {
  if (Array.isArray(value)) return value.map((one) => asStored(one, subschema(schema.items), false));
  if (!isSchema(value)) return value;
  const properties = subschema(schema.properties);
  const keepsUnknown = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const kept = Object.entries(value).flatMap(([key, inner]) => {
    const own = properties[key] ?? schema.additionalProperties;
    if (own === undefined) return keepsUnknown || (isRoot && key === 'metadata') ? [[key, inner] as const] : [];
    // Server metadata has a schema of its own.
    if (isRoot && key === 'metadata') return [[key, inner] as const];
    return inner === null ? [] : [[key, asStored(inner, own as JsonSchema, false)] as const];
  });
  const stored = Object.fromEntries(kept);
  for (const [key, own] of Object.entries(properties)) {
    if (stored[key] === undefined && isSchema(own) && own.default !== undefined) stored[key] = own.default;
  }
  return stored;
}

function subschema(value: unknown): JsonSchema {
  return isSchema(value) ? value : {};
}

function below(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function schemaCauses(value: unknown, schema: JsonSchema, path: string): Cause[] {
  const wrong = (message: string, field = path): Cause[] => [{ field, message }];
  if (!hasType(value, schema)) return wrong(`must be of type ${JSON.stringify(schema.type ?? 'integer,string')}`);
  return [
    ...(Array.isArray(schema.enum) && !schema.enum.includes(value) ? wrong('Unsupported value') : []),
    ...textCauses(value, schema, wrong),
    ...numberCauses(value, schema, wrong),
    ...listCauses(value, schema, path, wrong),
    ...objectCauses(value, schema, path, wrong),
    ...junctionCauses(value, schema, path),
  ];
}

type Wrong = (message: string, field?: string) => Cause[];

function hasType(value: unknown, schema: JsonSchema): boolean {
  if (schema['x-kubernetes-int-or-string'] === true) return typeof value === 'string' || Number.isInteger(value);
  switch (schema.type) {
    case undefined:
      return true;
    case 'integer':
      return Number.isInteger(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isSchema(value);
    default:
      return typeof value === schema.type;
  }
}

function textCauses(value: unknown, { minLength, maxLength, pattern, format }: JsonSchema, wrong: Wrong): Cause[] {
  if (typeof value !== 'string') return [];
  const length = Array.from(value).length;
  return [
    ...(typeof minLength === 'number' && length < minLength ? wrong(`should be at least ${minLength} chars long`) : []),
    ...(typeof maxLength === 'number' && length > maxLength ? wrong(`may not be more than ${maxLength} bytes`) : []),
    ...(typeof pattern === 'string' && !matches(pattern, value) ? wrong(`should match '${pattern}'`) : []),
    ...(format === 'date-time' && Number.isNaN(Date.parse(value)) ? wrong('must be of type date-time') : []),
    ...(format === 'uri' && !URL.canParse(value) ? wrong('must be of type uri') : []),
  ];
}

const patterns = new Map<string, RE2JS>();

function matches(pattern: string, value: string): boolean {
  const known = patterns.get(pattern) ?? RE2JS.compile(pattern);
  patterns.set(pattern, known);
  return known.matcher(value).find();
}

function numberCauses(value: unknown, { minimum, maximum, exclusiveMinimum }: JsonSchema, wrong: Wrong): Cause[] {
  if (typeof value !== 'number') return [];
  const isTooSmall = typeof minimum === 'number' && (value < minimum || (exclusiveMinimum === true && value === minimum));
  return [
    ...(isTooSmall ? wrong(`should be greater than or equal to ${minimum}`) : []),
    ...(typeof maximum === 'number' && value > maximum ? wrong(`should be less than or equal to ${maximum}`) : []),
  ];
}

function listCauses(value: unknown, schema: JsonSchema, path: string, wrong: Wrong): Cause[] {
  if (!Array.isArray(value)) return [];
  const { minItems, maxItems, items } = schema;
  const keys = schema['x-kubernetes-list-map-keys'] as string[] | undefined;
  const identity = (one: unknown) => (keys === undefined ? one : keys.map((key) => subschema(one)[key]));
  const isSet = schema['x-kubernetes-list-type'] === 'set' || schema['x-kubernetes-list-type'] === 'map';
  return [
    ...(typeof minItems === 'number' && value.length < minItems ? wrong(`should have at least ${minItems} items`) : []),
    ...(typeof maxItems === 'number' && value.length > maxItems ? wrong(`must have at most ${maxItems} items`) : []),
    ...value.flatMap((one, index) => {
      const isTwin = isSet && value.slice(0, index).some((other) => isDeepStrictEqual(identity(other), identity(one)));
      return isTwin ? wrong('Duplicate value', `${path}[${String(index)}]`) : [];
    }),
    ...(isSchema(items) ? value.flatMap((one, index) => schemaCauses(one, items, `${path}[${String(index)}]`)) : []),
  ];
}

function objectCauses(value: unknown, schema: JsonSchema, path: string, wrong: Wrong): Cause[] {
  if (!isSchema(value)) return [];
  const { minProperties, maxProperties, required, additionalProperties } = schema;
  const properties = subschema(schema.properties);
  const count = Object.keys(value).length;
  return [
    ...(typeof minProperties === 'number' && count < minProperties
      ? wrong(`should have at least ${minProperties} properties`)
      : []),
    ...(typeof maxProperties === 'number' && count > maxProperties ? wrong(`must have at most ${maxProperties} properties`) : []),
    ...((required ?? []) as string[]).flatMap((key) =>
      value[key] === undefined ? wrong('Required value', below(path, key)) : [],
    ),
    ...Object.entries(value).flatMap(([key, inner]) => {
      const own = properties[key] ?? additionalProperties;
      return isSchema(own) ? schemaCauses(inner, own, below(path, key)) : [];
    }),
  ];
}

/** The server names the place in the message only. */
function junctionCauses(value: unknown, { allOf, anyOf, not }: JsonSchema, path: string): Cause[] {
  const every = ((allOf ?? []) as JsonSchema[]).flatMap((one) => schemaCauses(value, one, path));
  const branches = ((anyOf ?? []) as JsonSchema[]).map((one) => schemaCauses(value, one, path));
  const none = branches.length > 0 && branches.every((causes) => causes.length > 0);
  const isRefused = isSchema(not) && schemaCauses(value, not, path).length === 0;
  return [
    ...every,
    ...(none ? [{ field: '<nil>', message: `"${path}" must validate at least one schema (anyOf)` }, ...branches.flat()] : []),
    ...(isRefused ? [{ field: '<nil>', message: `"${path}" must not validate the schema (not)` }] : []),
  ];
}

export function rulesOf(schema: JsonSchema): ServerValidation[] {
  return (schema['x-kubernetes-validations'] ?? []) as ServerValidation[];
}

function ruleCauses(value: unknown, schema: JsonSchema, path: string): Cause[] {
  const self = celValue(value, schema);
  const own = rulesOf(schema).flatMap(({ rule, message, fieldPath }) => {
    const why = broken(rule, self);
    return why === undefined ? [] : [{ field: `${path}${fieldPath ?? ''}`, message: `${message} (${why})` }];
  });
  const inner: Cause[] = [];
  mapSubschemas(schema, (sub, step) => {
    if (step === '[]' && Array.isArray(value)) {
      value.forEach((one, index) => inner.push(...ruleCauses(one, sub, `${path}[${String(index)}]`)));
    } else if (step === '{}' && isSchema(value)) {
      for (const [key, one] of Object.entries(value)) inner.push(...ruleCauses(one, sub, below(path, key)));
    } else if (isSchema(value) && value[step] !== undefined) {
      inner.push(...ruleCauses(value[step], sub, below(path, step)));
    }
    return sub;
  });
  return [...own, ...inner];
}
