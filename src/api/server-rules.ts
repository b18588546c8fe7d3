/**
 * What the Kubernetes API server itself is told of a schema: rules in its own language (CEL), and keywords of JSON Schema. Zod's own
 * checks of several fields do not become JSON Schema, so each is said twice, side by side: to zod, and here to the server.
 */
import type * as z from 'zod';

export type ServerRule = {
  /** In CEL; `self` is the value that carries the rule. It must hold. */
  rule: string;
  message: string;
  /** The field below that the server names when the rule does not hold, such as `fault.duration`; absent: the value itself. */
  field?: string;
};

export type JsonSchema = Record<string, unknown>;

/** As a structural schema has it. */
export type ServerValidation = { rule: string; message: string; fieldPath?: string };

const validations = 'x-kubernetes-validations';

/** Adds to what the schema already says to the server; zod keeps it through refinements, `optional` and `describe`. */
export function withServerSchema<Schema extends z.ZodType>(schema: Schema, keywords: JsonSchema): Schema {
  const before: JsonSchema = schema.meta() ?? {};
  const merged = Object.entries(keywords).map(([keyword, value]) => {
    const known = before[keyword];
    // Of the keywords that are lists of demands, each demand counts; of the others, the last.
    const isList = (keyword === 'allOf' || keyword === validations) && Array.isArray(known) && Array.isArray(value);
    return [keyword, isList ? [...(known as unknown[]), ...(value as unknown[])] : value];
  });
  return schema.meta({ ...before, ...(Object.fromEntries(merged) as JsonSchema) });
}

export function withServerRules<Schema extends z.ZodType>(schema: Schema, rules: readonly ServerRule[]): Schema {
  return withServerSchema(schema, { [validations]: rules.map(toValidation) });
}

export function toValidation({ rule, message, field }: ServerRule): ServerValidation {
  return { rule, message, ...(field === undefined ? {} : { fieldPath: `.${field}` }) };
}

/** The rules that the schema itself carries, not those of its fields. */
export function serverRulesOf(schema: z.ZodType): ServerRule[] {
  const own = (schema.meta()?.[validations] ?? []) as ServerValidation[];
  return own.map(({ rule, message, fieldPath }) => ({ rule, message, field: fieldPath?.slice(1) }));
}

/** A text of CEL. */
export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

export function quotedList(texts: readonly string[]): string {
  return `[${texts.map(quoted).join(', ')}]`;
}

/** Whether a text matches, in CEL. The pattern must be RE2 and have no single quote. */
export function matchesInCel(value: string, pattern: RegExp): string {
  return `${value}.matches(r'${pattern.source}')`;
}

/**
 * JSON Schema has no words for "not a text" where Kubernetes forbids `type`. Each of these refuses every value of one type and
 * says nothing about the others, since its keywords contradict each other.
 */
export const never = {
  text: { minLength: 1, maxLength: 0 },
  number: { minimum: 1, maximum: 0 },
  list: { minItems: 1, maxItems: 0 },
  fields: { minProperties: 1, maxProperties: 0 },
  flag: { not: { enum: [true, false] } },
} as const satisfies Record<string, JsonSchema>;

/** The wanted keywords for objects whose field has one of the values. For what costs too much in CEL, or what CEL cannot see. */
export function when(field: string, values: readonly string[], wanted: JsonSchema): JsonSchema {
  return { anyOf: [{ not: { required: [field], properties: { [field]: { enum: values } } } }, wanted] };
}
