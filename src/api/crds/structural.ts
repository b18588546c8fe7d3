/** Zod's JSON Schema in the form that Kubernetes takes: structural, without unions, and without keywords that it does not know. */
import * as z from 'zod';
import type { JsonSchema } from '../server-rules.ts';

export function toStructural(schema: z.ZodType): JsonSchema {
  return tidy(
    z.toJSONSchema(schema, {
      target: 'openapi-3.0',
      io: 'input',
      reused: 'inline',
      cycles: 'throw',
      unrepresentable: 'throw',
    }),
  );
}

/** What stands in `allOf`, `anyOf` and `not` was written for the server and stays as it is. */
function tidy(written: JsonSchema): JsonSchema {
  const node = withoutUnion(withoutAdditional(withPlainNumbers(written)));
  return mapSubschemas(node, tidy);
}

/** Changes the schemas of fields and items. */
export function mapSubschemas(node: JsonSchema, change: (schema: JsonSchema, step: string) => JsonSchema): JsonSchema {
  const { properties, items, additionalProperties } = node;
  return {
    ...node,
    ...(isSchema(properties)
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, one]) => [name, change(one as JsonSchema, name)]),
          ),
        }
      : {}),
    ...(isSchema(items) ? { items: change(items, '[]') } : {}),
    ...(isSchema(additionalProperties) ? { additionalProperties: change(additionalProperties, '{}') } : {}),
  };
}

export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whole numbers of JavaScript are 64-bit ones of Kubernetes; instants are known by their format, without a pattern of 400 characters. */
function withPlainNumbers(node: JsonSchema): JsonSchema {
  if (node.format === 'date-time') return without(node, 'pattern');
  if (node.type !== 'integer') return node;
  const { minimum, maximum, ...rest } = node;
  return {
    ...rest,
    format: 'int64',
    ...(minimum === Number.MIN_SAFE_INTEGER ? {} : { minimum }),
    ...(maximum === Number.MAX_SAFE_INTEGER ? {} : { maximum }),
  };
}

/** The server prunes unknown fields; a map of anything, and an object that takes further fields, keep theirs. */
function withoutAdditional(node: JsonSchema): JsonSchema {
  const { additionalProperties, propertyNames: _names, ...rest } = node;
  if (additionalProperties === undefined) return rest;
  const takesAnything = isSchema(additionalProperties) && Object.keys(additionalProperties).length === 0;
  if (takesAnything) return { ...rest, 'x-kubernetes-preserve-unknown-fields': true };
  return rest.properties === undefined ? { ...rest, additionalProperties } : rest;
}

function withoutUnion(node: JsonSchema): JsonSchema {
  return node['x-kubernetes-int-or-string'] === true ? without(node, 'anyOf') : node;
}

function without(node: JsonSchema, keyword: string): JsonSchema {
  return Object.fromEntries(Object.entries(node).filter(([key]) => key !== keyword && key !== '$schema'));
}
