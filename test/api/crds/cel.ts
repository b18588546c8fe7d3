/** CEL as the API server has it, as far as the rules of the definitions use it; by cel-js, and what it lacks of Kubernetes' libraries. */
import { isIP } from 'node:net';
import { Environment } from '@marcbachmann/cel-js';
import { isSchema } from '../../../src/api/crds/structural.ts';
import { networkOf } from '../../../src/api/cidr.ts';
import type { JsonSchema } from '../../../src/api/server-rules.ts';

/** An IP network. */
class Network {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const isMapped = (text: string) => /^::ffff:/i.test(text);

/** Of durations only, in nanoseconds. */
function sizeOf(value: unknown): bigint {
  const { seconds, nanos } = value as { seconds: bigint; nanos: number };
  return seconds * 1_000_000_000n + BigInt(nanos);
}

const environment = new Environment({ homogeneousAggregateLiterals: false })
  .registerVariable('self', 'dyn')
  .registerFunction('isIP(string): bool', (text: string) => isIP(text) !== 0 && !text.includes('%') && !isMapped(text))
  .registerFunction('isCIDR(string): bool', (text: string) => networkOf(text) !== undefined && !isMapped(text))
  .registerType('net.CIDR', { ctor: Network, fields: {} })
  .registerFunction('cidr(string): net.CIDR', (text: string) => new Network(text))
  .registerFunction('net.CIDR.masked(): net.CIDR', ({ text }: Network) => new Network(networkOf(text) ?? ''))
  .registerOperator('net.CIDR == net.CIDR', (a: Network, b: Network) => a.text === b.text)
  .registerFunction('string.find(string): string', (text: string, pattern: string) => new RegExp(pattern).exec(text)?.[0] ?? '')
  .registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) =>
    text.replaceAll(from, to),
  )
  .registerFunction('list.isSorted(): bool', (list: unknown[]) => {
    const sizes = list.map(sizeOf);
    return sizes.every((one, index) => index === 0 || (sizes[index - 1] ?? one) <= one);
  })
  .registerFunction(
    'int(google.protobuf.Duration): int',
    ({ seconds, nanos }: { seconds: bigint; nanos: number }) => seconds * 1_000_000_000n + BigInt(nanos),
  );

type Compiled = ReturnType<typeof environment.parse>;
const compiled = new Map<string, Compiled>();

/** @throws Error when the text is no CEL, or uses what the API server does not have */
export function parseRule(rule: string): Compiled {
  const known = compiled.get(rule) ?? environment.parse(rule);
  compiled.set(rule, known);
  return known;
}

/** Undefined when the rule holds; else why not. An error of the evaluation refuses, as on the server. */
export function broken(rule: string, self: unknown): string | undefined {
  try {
    return parseRule(rule)({ self }) === true ? undefined : 'does not hold';
  } catch (error) {
    return `cannot be evaluated: ${String(error)}`;
  }
}

/** A value as CEL sees it by its schema: whole numbers apart from others, and nothing of what has no type. */
export function celValue(value: unknown, schema: JsonSchema): unknown {
  if (schema['x-kubernetes-int-or-string'] === true || schema.type === 'integer') {
    return typeof value === 'number' ? BigInt(value) : value;
  }
  if (Array.isArray(value)) return value.map((one) => celValue(one, isSchema(schema.items) ? schema.items : {}));
  if (!isSchema(value)) return value;
  const { properties, additionalProperties } = schema;
  const schemaOf = (key: string) => (isSchema(properties) ? properties[key] : additionalProperties) as JsonSchema | undefined;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      const own = schemaOf(key);
      return own !== undefined && isVisible(own) ? [[key, celValue(inner, own)]] : [];
    }),
  );
}

export function isVisible(schema: JsonSchema): boolean {
  return schema.type !== undefined || schema['x-kubernetes-int-or-string'] === true;
}
