/** Where packets come from and go to, as people write it, and the same in the model. Several kinds share it. */
import type * as z from 'zod';
import { networkOf } from './cidr.ts';
import {
  anyText,
  filledList,
  hostName,
  ipAddress,
  labelSelector,
  foreignNamespace,
  object,
  foreignName,
  oneOf,
  port,
  refuse,
} from './fields.ts';
import type { Endpoint, Peer, Place } from './model.ts';
import { checkPorts, portFields, portRules, toPortRange } from './ports.ts';
import { quotedList, type ServerRule, withServerRules, withServerSchema } from './server-rules.ts';

const cidrExpected = 'a network in CIDR notation such as 10.0.0.0/24 or fd00::/64';
const cidr = withServerRules(
  anyText(cidrExpected, 49).refine((value) => networkOf(value) === value, {
    error: ({ input }) => {
      const network = networkOf(String(input));
      if (network === undefined) return `expected ${cidrExpected}`;
      return `the address has bits beyond its prefix; write ${network} for the network, or kind ip for one address`;
    },
  }),
  [
    { rule: 'isCIDR(self)', message: `expected ${cidrExpected}` },
    {
      rule: '!isCIDR(self) || cidr(self) == cidr(self).masked()',
      message: 'the address has bits beyond its prefix; write the network, or kind ip for one address',
    },
  ],
);

const endpointFields = {
  ip: ['ip'],
  cidr: ['cidr'],
  host: ['host'],
  pod: ['name', 'namespace'],
  service: ['name', 'namespace'],
  selector: ['selector', 'namespace'],
  node: ['name'],
} as const;
type EndpointKind = keyof typeof endpointFields;

const placeFields = ['ip', 'cidr', 'host', 'namespace', 'name', 'selector'] as const;

/** The origin's manifests have `name: ""` for no name. */
const isGiven = (field: string) => (field === 'name' ? "(has(self.name) && self.name != '')" : `has(self.${field})`);

const kindRules: ServerRule[] = [
  ...Object.entries(endpointFields).map(([kind, [needed]]) => ({
    rule: `self.kind != '${kind}' || ${isGiven(needed)}`,
    message: `required with kind ${kind}`,
    field: needed,
  })),
  ...placeFields.map((field) => {
    const users = Object.entries(endpointFields).filter(([, fields]) => (fields as readonly string[]).includes(field));
    const kinds = users.map(([kind]) => kind);
    return {
      rule: `!${isGiven(field)} || self.kind in ${quotedList(kinds)}`,
      message: `only used with kind ${kinds.join(', ')}; remove it, or write another kind`,
      field,
    };
  }),
];

const placeShape = {
  kind: oneOf('ip', 'cidr', 'host', 'pod', 'service', 'selector', 'node'),
  ip: ipAddress.optional(),
  cidr: cidr.optional(),
  host: hostName.optional(),
  namespace: foreignNamespace.optional(),
  name: foreignName.optional(),
  selector: labelSelector.optional(),
};
const placeObject = object(placeShape);
type WrittenPlace = z.output<typeof placeObject>;

function checkPlace(context: { value: WrittenPlace; issues: z.core.$ZodRawIssue[] }): void {
  const value = context.value;
  const wanted: readonly string[] = endpointFields[value.kind];
  const needed = wanted[0] as keyof typeof value;
  if (value[needed] === undefined) refuse(context, [needed], `required with kind ${value.kind}`);
  for (const field of placeFields) {
    if (value[field] === undefined || wanted.includes(field)) continue;
    refuse(context, [field], `not used with kind ${value.kind}; remove it, or write another kind`);
  }
}

const atomic = { 'x-kubernetes-map-type': 'atomic' };
const endpointObject = object({ ...placeShape, port: port.optional() }).check(checkPlace);

/** One end of traffic. Which fields go with which kind is checked here, not by a union: CRD schemas know no unions. */
export const endpoint = withServerSchema(withServerRules(endpointObject, kindRules), atomic);
export type WrittenEndpoint = z.output<typeof endpoint>;

/** A place, whatever the port there. */
export const place = withServerSchema(withServerRules(placeObject.check(checkPlace), kindRules), atomic);

/** The other end of what a fault hurts. */
export const peer = withServerSchema(
  withServerRules(
    object({ ...placeShape, ...portFields })
      .check(checkPlace)
      .check(checkPorts),
    [...kindRules, ...portRules],
  ),
  atomic,
);

/** Endpoints of some kinds only; the port as `ports` says. */
export function endpointsOf(kinds: readonly EndpointKind[], what: string, atMost?: number) {
  const endpoints = filledList(endpoint, what, atMost).check((context) => {
    context.value.forEach(({ kind }, index) => {
      if (!kinds.includes(kind)) refuse(context, [index, 'kind'], `expected one of ${kinds.join(', ')}`);
    });
  });
  return onlyKinds(endpoints, kinds);
}

/** Says to the server which kinds the items of a list of endpoints may have. */
export function onlyKinds<List extends z.ZodType>(endpoints: List, kinds: readonly EndpointKind[]): List {
  return withServerSchema(endpoints, { allOf: [{ items: { properties: { kind: { enum: kinds } } } }] });
}

/** @param namespace where a place without a namespace is */
export function toPlace(written: WrittenPlace, namespace: string): Place {
  const home = written.namespace ?? namespace;
  switch (written.kind) {
    case 'ip':
      return { kind: 'ip', ip: given(written.ip) };
    case 'cidr':
      return { kind: 'cidr', cidr: given(written.cidr) };
    case 'host':
      return { kind: 'host', host: given(written.host) };
    case 'pod':
    case 'service':
      return { kind: written.kind, namespace: home, name: given(written.name) };
    case 'selector':
      return { kind: 'selector', namespace: home, selector: given(written.selector) };
    case 'node':
      return { kind: 'node', name: given(written.name) };
  }
}

export function toEndpoint(written: WrittenEndpoint, namespace: string): Endpoint {
  return { ...toPlace(written, namespace), ...(written.port === undefined ? {} : { port: Number(written.port) }) };
}

export function toPeer(written: z.output<typeof peer>, namespace: string): Peer {
  const { port: first, endPort } = written;
  return { ...toPlace(written, namespace), ...(first === undefined ? {} : { ports: toPortRange({ port: first, endPort }) }) };
}

/** A value whose presence the schema has checked. */
export function given<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new TypeError('a field that the schema requires is absent');
  return value;
}

const sourceObject = object({
  kind: oneOf('pod', 'selector').optional(),
  namespace: foreignNamespace.optional(),
  name: foreignName.optional(),
  sourceSelector: labelSelector.optional(),
  container: anyText('the name of a container', 253).optional(),
}).check((context) => {
  const { kind, name, sourceSelector } = context.value;
  if (name !== undefined && sourceSelector !== undefined) {
    refuse(context, ['sourceSelector'], 'expected either name or sourceSelector, not both');
  } else if (name === undefined && kind !== 'selector' && sourceSelector === undefined) {
    refuse(context, ['name'], 'required; expected the name of the pod that the test runs from');
  } else if (kind === 'selector' && sourceSelector === undefined) {
    refuse(context, ['sourceSelector'], 'required with kind selector');
  } else if (kind === 'pod' && name === undefined) {
    refuse(context, ['name'], 'required with kind pod');
  }
});

const isNamed = "(has(self.name) && self.name != '')";

/** The pod, or pods, that a test runs from. */
export const source = withServerRules(sourceObject, [
  {
    rule: `!(${isNamed} && has(self.sourceSelector))`,
    message: 'expected either name or sourceSelector, not both',
    field: 'sourceSelector',
  },
  {
    rule: `${isNamed} || has(self.sourceSelector) || has(self.kind) && self.kind == 'selector'`,
    message: 'required; expected the name of the pod that the test runs from',
    field: 'name',
  },
  {
    rule: "!has(self.kind) || self.kind != 'selector' || has(self.sourceSelector)",
    message: 'required with kind selector',
    field: 'sourceSelector',
  },
  { rule: `!has(self.kind) || self.kind != 'pod' || ${isNamed}`, message: 'required with kind pod', field: 'name' },
]);

export function toSource(written: z.output<typeof source>, namespace: string) {
  return { namespace: written.namespace ?? namespace, name: written.name, selector: written.sourceSelector };
}
