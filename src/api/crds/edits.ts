/** Small changes of schemas of which tables are made: what to change, by the path of a field. */
import type { JsonSchema } from '../server-rules.ts';
import { isSchema } from './structural.ts';

export type Change = (schema: JsonSchema) => JsonSchema;

/** @param path such as `flows[].log`; a field that is not there is a mistake in the table */
export function at(path: string, ...changes: Change[]): Change {
  const steps = path.replaceAll('[]', '.[]').split('.');
  return (schema) => changeAt(schema, steps, inOrder(...changes), path);
}

export function inOrder(...changes: Change[]): Change {
  return (schema) => changes.reduce((current, change) => change(current), schema);
}

function changeAt(schema: JsonSchema, [step = '', ...rest]: readonly string[], change: Change, path: string): JsonSchema {
  const isItem = step === '[]';
  const holder = isItem ? schema : schema.properties;
  const inner = isSchema(holder) ? holder[isItem ? 'items' : step] : undefined;
  if (!isSchema(inner)) throw new TypeError(`the schema has no field ${path}`);
  const changed = rest.length === 0 ? change(inner) : changeAt(inner, rest, change, path);
  return isItem ? { ...schema, items: changed } : { ...schema, properties: { ...(holder as JsonSchema), [step]: changed } };
}

export function put(keywords: JsonSchema): Change {
  return (schema) => ({ ...schema, ...keywords });
}

/** Replaces everything that is said of a value, but its description. */
export function replace(keywords: JsonSchema): Change {
  return ({ description }) => ({ ...(description === undefined ? {} : { description }), ...keywords });
}

export function withField(name: string, field: JsonSchema): Change {
  return (schema) => ({ ...schema, properties: { ...(schema.properties as JsonSchema), [name]: field } });
}
