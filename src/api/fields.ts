/**
 * The building blocks of the kinds' schemas. What they describe is what people write (strings with units), so that the same
 * schemas can become CRDs; every one says in its error what it expected.
 */
import { isIP } from 'node:net';
import * as z from 'zod';
import { parseDuration, parsePercent } from '../lib/index.ts';
import { isMappedIpv4 } from './cidr.ts';
import { nearestName } from './nearest-name.ts';
import type { Path } from './problems.ts';
import { type ServerRule, serverRulesOf, withServerRules, withServerSchema } from './server-rules.ts';

type Issue = { input?: unknown };

function expecting(expected: string) {
  return ({ input }: Issue): string => (input === undefined ? `required; expected ${expected}` : `expected ${expected}`);
}

/** Fields that are not named are refused. */
export function object<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, { error: expecting(`an object with ${Object.keys(shape).join(', ')}`) });
}

/** Bounded, so that the API server can tell what its rules about the items cost at most. */
export function list<Item extends z.core.SomeType>(item: Item, what: string, atMost = 32) {
  return z.array(item, { error: expecting(`a list of ${what}`) }).max(atMost, { error: `expected at most ${atMost} ${what}` });
}

/** A list that must not be empty, because an empty one could be read as "all". */
export function filledList<Item extends z.core.SomeType>(item: Item, what: string, atMost?: number) {
  return list(item, what, atMost).min(1, { error: `expected at least one of the ${what}` });
}

/** Tells the server, too, that no two items have the same `name`; to the parser says it `refuseTwins`. */
export function byName<List extends z.ZodType>(named: List): List {
  return withServerSchema(named, { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] });
}

export function oneOf<const Values extends readonly [string, ...string[]]>(...values: Values) {
  return z.enum(values, {
    error: ({ input }) => {
      const near = typeof input === 'string' ? nearestName(input, values) : undefined;
      const hint = near === undefined ? '' : `; did you mean ${near}?`;
      return `${expecting(values.length === 1 ? values[0] : `one of ${values.join(', ')}`)({ input })}${hint}`;
    },
  });
}

export const flag = z.boolean({ error: expecting('true or false') });

export function integer(atLeast: number, atMost: number) {
  const error = expecting(`a whole number from ${atLeast} to ${atMost}`);
  return z.int({ error }).min(atLeast, { error }).max(atMost, { error });
}

export function number(atLeast: number, atMost: number) {
  const error = expecting(`a number from ${atLeast} to ${atMost}`);
  return z.number({ error }).min(atLeast, { error }).max(atMost, { error });
}

/** A string that matches; the pattern must be RE2 (no lookaround), since CRDs carry it. */
export function text(expected: string, pattern: RegExp, longest = 253) {
  const error = expecting(expected);
  return z
    .string({ error })
    .max(longest, { error: `expected at most ${longest} characters`, abort: true })
    .regex(pattern, { error });
}

export function anyText(expected: string, longest = 1024) {
  return z.string({ error: expecting(expected) }).max(longest, { error: `expected at most ${longest} characters`, abort: true });
}

const rfc1123Subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const rfc1123Label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

export const objectName = text("a name of lower-case letters, digits, '-' and '.' (RFC 1123 subdomain)", rfc1123Subdomain);
export const namespaceName = text("a namespace of lower-case letters, digits and '-' (RFC 1123 label)", rfc1123Label, 63);
const kubernetesName = /^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$/;
/**
 * The name of something that exists elsewhere. Wider than what Kubernetes takes, since the talk's slides write `podName`; the
 * dialect warns of such names, and nothing will be found by them.
 */
export const foreignName = text("a name of letters, digits, '-' and '.'", kubernetesName);
export const foreignNamespace = text("a namespace of letters, digits and '-'", kubernetesName, 63);
/** A name within one object, such as a hypothesis's or a step's. */
export const localName = text("a name of lower-case letters, digits and '-' (RFC 1123 label)", rfc1123Label, 63);
export const hostName = text('a host name such as api.example.org', rfc1123Subdomain);
/** The kernel takes 1 to 15 bytes without blank, '/' and ':'; the rest would be syntax to tc or nft. */
export const deviceName = text(
  "a device name of 1 to 15 letters, digits, '.', '_' and '-' that starts with a letter, a digit or '_', such as eth0",
  /^[A-Za-z0-9_][A-Za-z0-9._-]*$/,
  15,
);

const labelKey = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;
const labelKeyField = text('a label key such as app or example.org/tier', labelKey, 317);
const labelValueField = text('a label value of at most 63 letters, digits, -, _ and .', labelValue, 63);

export const labels = z.record(labelKeyField, labelValueField, { error: expecting('labels as key: value, both strings') });

const annotationValue = z.string({ error: 'expected a text; quote numbers and true or false' });
export const annotations = z.record(labelKeyField, annotationValue, {
  error: 'expected annotations as key: value, both strings',
});

const requirement = withServerRules(
  object({
    key: labelKeyField,
    operator: oneOf('In', 'NotIn', 'Exists', 'DoesNotExist'),
    values: list(labelValueField, 'label values').optional(),
  }).check((context) => {
    const { operator, values = [] } = context.value;
    const wantsValues = operator === 'In' || operator === 'NotIn';
    if (wantsValues && values.length === 0) refuse(context, ['values'], `expected at least one value with operator ${operator}`);
    if (!wantsValues && values.length > 0) refuse(context, ['values'], `not used with operator ${operator}; remove it`);
  }),
  [
    {
      rule: "self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : !has(self.values) || size(self.values) == 0",
      message: 'expected values with operator In or NotIn, and none with the others',
      field: 'values',
    },
  ],
);

const emptySelector = 'an empty selector would select every pod; expected at least one of matchLabels or matchExpressions';

/** Kubernetes' label selector, except that an empty one is refused: it would select every pod. */
export const labelSelector = withServerRules(
  object({
    matchLabels: labels.optional(),
    matchExpressions: list(requirement, 'requirements', 8).optional(),
  }).check((context) => {
    const { matchLabels = {}, matchExpressions = [] } = context.value;
    if (Object.keys(matchLabels).length + matchExpressions.length === 0) refuse(context, [], emptySelector);
  }),
  [
    {
      rule: 'has(self.matchLabels) && size(self.matchLabels) > 0 || has(self.matchExpressions) && size(self.matchExpressions) > 0',
      message: emptySelector,
    },
  ],
);

const longestDurationText = 48;
export const durationPattern = /^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/;

/** @param atLeast and @param atMost durations themselves, such as `1s` */
export function duration(atLeast: string, atMost: string) {
  const expected = `a duration with a unit from ${atLeast} to ${atMost}, such as ${atLeast === '0s' ? '10s' : atLeast}`;
  const shortest = parseDuration(atLeast) ?? 0;
  const longest = parseDuration(atMost) ?? 0;
  const schema = z
    .string({ error: expecting(expected) })
    .max(longestDurationText, { error: `expected at most ${longestDurationText} characters`, abort: true })
    .regex(durationPattern, { error: expecting(expected), abort: true })
    .refine(
      (value) => {
        const milliseconds = parseDuration(value);
        return milliseconds !== undefined && milliseconds >= shortest && milliseconds <= longest;
      },
      { error: expecting(expected) },
    );
  return withServerRules(schema, [{ rule: durationWithin('self', atLeast, atMost), message: `expected ${expected}` }]);
}

/** In CEL. It reads durations as Go does, which Squall's are a part of. */
export function durationWithin(value: string, atLeast: string, atMost: string): string {
  return `duration(${value}) >= duration('${atLeast}') && duration(${value}) <= duration('${atMost}')`;
}

/** Milliseconds of a field that a schema has already accepted. */
export function milliseconds(value: string): number {
  const parsed = parseDuration(value);
  if (parsed === undefined) throw new RangeError(`'${value}' got past the schema without being a duration`);
  return parsed;
}

/** More than 0 and at most 100, in percent; undefined when the text is no such percentage. */
export function parseShare(value: string): number | undefined {
  const percent = parsePercent(value);
  return percent !== undefined && percent > 0 ? percent : undefined;
}

const portExpected = 'a port number from 1 to 65535';

/** A port, as a string (the origin's way) or a number. */
export const port = z
  .union([z.int(), z.string()], { error: expecting(portExpected) })
  .refine((value) => /^[1-9]\d{0,4}$/.test(String(value)) && Number(value) <= 65_535, { error: expecting(portExpected) })
  .meta({
    'x-kubernetes-int-or-string': true,
    minimum: 1,
    maximum: 65_535,
    pattern: '^([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$',
  });

const addressExpected = 'an IPv4 or IPv6 address without a zone';
export const ipAddress = withServerRules(
  anyText('an IPv4 or IPv6 address', 45)
    .refine((value) => isIP(value) !== 0 && !value.includes('%'), { error: expecting(addressExpected), abort: true })
    .refine((value) => !isMappedIpv4(value), {
      error: 'an IPv4 address written as an IPv6 one; its packets are IPv4, write it as such',
    }),
  [{ rule: 'isIP(self)', message: `expected ${addressExpected}` }],
);

/** A reference to an object of the same namespace. */
export const ref = object({ ref: objectName });

/**
 * Either `{ref: name}` or the fields of another kind's spec. The fields are optional to the schema, since CRD schemas know no
 * unions, and the whole spec's own rules are asked when there is no ref.
 */
export function refOr<Shape extends z.core.$ZodLooseShape>(shape: Shape, spec: z.ZodType) {
  const schema = object({ ref: objectName.optional(), ...z.strictObject(shape).partial().shape }).check((context) => {
    const { ref: name, ...inline } = context.value as Record<string, unknown>;
    if (name === undefined) refuseAs(context, spec, inline);
    else if (Object.keys(inline).length > 0) {
      refuse(context, ['ref'], `expected either ref or an own spec, not both; remove ref, or ${Object.keys(inline).join(', ')}`);
    }
  });
  return withServerRules(schema, refOrRules(shape, serverRulesOf(spec)));
}

function refOrRules(shape: z.core.$ZodLooseShape, specRules: readonly ServerRule[]): ServerRule[] {
  const fields = Object.keys(shape);
  const required = fields.filter((field) => !(shape[field] instanceof z.ZodOptional));
  const anyOwn = fields.map((field) => `has(self.${field})`).join(' || ');
  // What is required may be absent here, and CEL calls the use of an absent field an error.
  const isOwnSpec = [...required.map((field) => `has(self.${field})`), '!has(self.ref)'].join(' && ');
  return [
    { rule: `!has(self.ref) || !(${anyOwn})`, message: 'expected either ref or an own spec, not both', field: 'ref' },
    ...required.map((field) => ({
      rule: `has(self.ref) || has(self.${field})`,
      message: 'required in an own spec; expected it, or ref',
      field,
    })),
    ...specRules.map(({ rule, ...rest }) => ({ ...rest, rule: `!(${isOwnSpec}) || (${rule})` })),
  ];
}

/** Adds what another schema finds wrong with a value. */
export function refuseAs(context: CheckContext<unknown>, schema: z.ZodType, value: unknown): void {
  for (const issue of schema.safeParse(value).error?.issues ?? []) {
    // An unknown field has been reported with the object that it stands in.
    if (issue.code !== 'unrecognized_keys') refuse(context, issue.path as Path, issue.message);
  }
}

type CheckContext<Value> = { value: Value; issues: z.core.$ZodRawIssue[] };

/** Adds a problem to a schema check; others are still looked for. */
export function refuse(context: CheckContext<unknown>, path: Path, message: string): void {
  context.issues.push({ code: 'custom', message, path: [...path], input: context.value, continue: true });
}

/** Refuses the second of two entries with the same name. */
export function refuseTwins(context: CheckContext<unknown>, field: string, names: readonly string[]): void {
  names.forEach((name, index) => {
    const first = names.indexOf(name);
    if (first < index) refuse(context, [field, index, 'name'], `expected a unique name; ${field}[${first}] has the same`);
  });
}
