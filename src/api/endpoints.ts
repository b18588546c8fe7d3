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
import type { Endpoint } from './model.ts';

const cidr = anyText('a network in CIDR notation such as 10.0.0.0/24 or fd00::/64', 49).refine(
  (value) => networkOf(value) === value,
  {
    error: ({ input }) => {
      const network = networkOf(String(input));
      if (network === undefined) return 'expected a network in CIDR notation such as 10.0.0.0/24 or fd00::/64';
      return `the address has bits beyond its prefix; write ${network} for the network, or kind ip for one address`;
    },
  },
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

/** One end of traffic. Which fields go with which kind is checked here, not by a union: CRD schemas know no unions. */
export const endpoint = object({
  kind: oneOf('ip', 'cidr', 'host', 'pod', 'service', 'selector', 'node'),
  ip: ipAddress.optional(),
  cidr: cidr.optional(),
  host: hostName.optional(),
  namespace: foreignNamespace.optional(),
  name: foreignName.optional(),
  selector: labelSelector.optional(),
  port: port.optional(),
}).check((context) => {
  const value = context.value;
  const wanted: readonly string[] = endpointFields[value.kind];
  const needed = wanted[0] as keyof typeof value;
  if (value[needed] === undefined) refuse(context, [needed], `required with kind ${value.kind}`);
  for (const field of ['ip', 'cidr', 'host', 'namespace', 'name', 'selector'] as const) {
    if (value[field] === undefined || wanted.includes(field)) continue;
    refuse(context, [field], `not used with kind ${value.kind}; remove it, or write another kind`);
  }
});
export type WrittenEndpoint = z.output<typeof endpoint>;

/** Endpoints of some kinds only; the port as `ports` says. */
export function endpointsOf(kinds: readonly EndpointKind[], what: string) {
  return filledList(endpoint, what).check((context) => {
    context.value.forEach(({ kind }, index) => {
      if (!kinds.includes(kind)) refuse(context, [index, 'kind'], `expected one of ${kinds.join(', ')}`);
    });
  });
}

/** @param namespace where an endpoint without a namespace is */
export function toEndpoint(written: WrittenEndpoint, namespace: string): Endpoint {
  const at = written.port === undefined ? {} : { port: Number(written.port) };
  const home = written.namespace ?? namespace;
  switch (written.kind) {
    case 'ip':
      return { kind: 'ip', ip: given(written.ip), ...at };
    case 'cidr':
      return { kind: 'cidr', cidr: given(written.cidr), ...at };
    case 'host':
      return { kind: 'host', host: given(written.host), ...at };
    case 'pod':
    case 'service':
      return { kind: written.kind, namespace: home, name: given(written.name), ...at };
    case 'selector':
      return { kind: 'selector', namespace: home, selector: given(written.selector), ...at };
    case 'node':
      return { kind: 'node', name: given(written.name), ...at };
  }
}

/** A value whose presence the schema has checked. */
export function given<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new TypeError('a field that the schema requires is absent');
  return value;
}

/** The pod, or pods, that a test runs from. */
export const source = object({
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

export function toSource(written: z.output<typeof source>, namespace: string) {
  return { namespace: written.namespace ?? namespace, name: written.name, selector: written.sourceSelector };
}
