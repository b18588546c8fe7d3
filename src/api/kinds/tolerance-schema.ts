/**
 * Tolerances as the API server is told of them. A limit is a number, a text or an object: Kubernetes knows such a value only as one of
 * unknown content, whose keywords apply to the type that they speak of.
 */
import { durationPattern } from '../fields.ts';
import { type JsonSchema, never, withServerSchema } from '../server-rules.ts';
import { ratePattern } from '../units.ts';
import { metricsOf, type TestKind, toleranceRecord, type Unit, unitOf } from './tolerance.ts';

const anyValue = { 'x-kubernetes-preserve-unknown-fields': true };
const neither = { ...never.list, ...never.flag };
const share = '-?[0-9]+(\\.[0-9]+)?%';

/** An amount, and the same where a change against the baseline is meant. */
const amounts: Record<Unit, { atMost: JsonSchema; overBaseline: JsonSchema }> = {
  points: sameAs({ minimum: 0, maximum: 100, pattern: '^0*(100(\\.0+)?|[0-9]{1,2}(\\.[0-9]+)?)%?$' }),
  milliseconds: {
    atMost: { ...never.number, pattern: durationPattern.source },
    overBaseline: { ...never.number, pattern: `${durationPattern.source}|^${share}$` },
  },
  rate: {
    atMost: { ...never.number, pattern: ratePattern.source },
    overBaseline: { ...never.number, pattern: `${ratePattern.source}|^${share}$` },
  },
  number: { atMost: { ...never.text, minimum: 0 }, overBaseline: { minimum: 0, pattern: `^${share}$` } },
};

function sameAs(amount: JsonSchema): { atMost: JsonSchema; overBaseline: JsonSchema } {
  return { atMost: amount, overBaseline: amount };
}

/** Either a bare amount, which is `atMost`, or an object. */
function limitSchema(unit: Unit): JsonSchema {
  const { atMost, overBaseline } = amounts[unit];
  const properties = {
    atMost: { ...anyValue, ...neither, ...never.fields, ...atMost },
    overBaseline: { ...anyValue, ...neither, ...never.fields, ...overBaseline },
  };
  return {
    ...anyValue,
    ...neither,
    ...atMost,
    properties,
    minProperties: 1,
    maxProperties: 2,
    anyOf: anyOfRequired(Object.keys(properties)),
  };
}

function anyOfRequired(fields: readonly string[]): JsonSchema[] {
  return fields.map((field) => ({ required: [field] }));
}

const metrics = [...new Set(Object.values(metricsOf).flat())];

export const tolerance = withServerSchema(toleranceRecord, {
  properties: Object.fromEntries(metrics.map((metric) => [metric, limitSchema(unitOf(metric))])),
  minProperties: 1,
});

/** No metric that a test of this kind does not measure. */
export function metricsOfOthers(kind: TestKind): JsonSchema {
  const own: readonly string[] = metricsOf[kind];
  return { not: { anyOf: anyOfRequired(metrics.filter((metric) => !own.includes(metric))) } };
}

const isObject = { ...never.text, ...never.number };

/** No limit is an object with `overBaseline`. */
export const withoutBaseline: JsonSchema = {
  not: {
    anyOf: metrics.map((metric) => ({
      required: [metric],
      properties: { [metric]: { ...isObject, required: ['overBaseline'] } },
    })),
  },
};
