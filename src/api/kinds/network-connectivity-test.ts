/** NetworkConnectivityTest: layer 3 (ICMP echo) or layer 4 (TCP connect) reachability from a pod; once, or every `frequency`. */
import * as z from 'zod';
import { endpointsOf, source, toEndpoint, toSource } from '../endpoints.ts';
import { duration, integer, milliseconds, object, refuse } from '../fields.ts';
import { apiVersion } from '../metadata.ts';
import type { ConnectivityTest } from '../model.ts';
import { withServerRules, withServerSchema } from '../server-rules.ts';
import { defineKind } from './definition.ts';

const layerExpected = 'expected "3" (ICMP echo) or "4" (TCP connect)';
const layer = z
  .union([z.int(), z.string()], { error: layerExpected })
  .refine((value) => /^[34]$/.test(String(value)), { error: layerExpected })
  .meta({ 'x-kubernetes-int-or-string': true, enum: [3, 4, '3', '4'] });

export const connectivityFields = {
  layer,
  source,
  // A set: each destination once.
  destinations: withServerSchema(endpointsOf(['ip', 'host', 'pod', 'service', 'selector', 'node'], 'destinations', 24), {
    'x-kubernetes-list-type': 'set',
  }),
  frequency: duration('1s', '24h').optional().describe('How often a test by itself is repeated; without the field, once.'),
  period: duration('10ms', '1h').optional().describe('Between two probes to one destination; default 200ms.'),
  timeout: duration('10ms', '60s').optional().describe('A later answer is a lost one; default 1s.'),
  count: integer(1, 100_000).optional().describe('Probes to each destination when the test runs by itself; default 10.'),
};

const connectivityObject = object(connectivityFields);
export type WrittenConnectivityTest = z.output<typeof connectivityObject>;

export function checkConnectivityTest(context: { value: WrittenConnectivityTest; issues: z.core.$ZodRawIssue[] }): void {
  const { destinations } = context.value;
  const layerText = String(context.value.layer);
  const keys = destinations.map((destination) => JSON.stringify(destination));
  destinations.forEach((destination, index) => {
    const at = ['destinations', index];
    if (layerText === '4' && destination.port === undefined) refuse(context, [...at, 'port'], 'required with layer 4');
    if (layerText === '3' && destination.port !== undefined)
      refuse(context, [...at, 'port'], 'ICMP has no ports; remove it, or write layer "4"');
    const first = keys.indexOf(keys[index] ?? '');
    if (first < index) refuse(context, at, `expected each destination once; destinations[${first}] is the same`);
  });
}

export const connectivitySpec = withServerRules(connectivityObject.check(checkConnectivityTest), [
  {
    rule: "!(self.layer == 4 || self.layer == '4') || self.destinations.all(one, has(one.port) && one.port != '')",
    message: 'with layer 4 every destination needs a port',
    field: 'destinations',
  },
  {
    rule: "!(self.layer == 3 || self.layer == '3') || self.destinations.all(one, !has(one.port) || one.port == '')",
    message: 'ICMP has no ports; remove them, or write layer "4"',
    field: 'destinations',
  },
]);

export function toConnectivityTest(written: WrittenConnectivityTest, namespace: string): ConnectivityTest {
  return {
    layer: String(written.layer) === '4' ? 4 : 3,
    source: toSource(written.source, namespace),
    destinations: written.destinations.map((destination) => toEndpoint(destination, namespace)),
    periodMs: milliseconds(written.period ?? '200ms'),
    timeoutMs: milliseconds(written.timeout ?? '1s'),
    frequencyMs: written.frequency === undefined ? undefined : milliseconds(written.frequency),
    count: written.count ?? 10,
  };
}

export const networkConnectivityTest = defineKind({
  apiVersion,
  kind: 'NetworkConnectivityTest',
  plural: 'networkconnectivitytests',
  singular: 'networkconnectivitytest',
  shortName: 'nct',
  namespaced: true,
  status: true,
  specSchema: connectivitySpec,
  toModel: toConnectivityTest,
});
