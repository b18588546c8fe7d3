/** NetworkDelayTest, a kind of the origin only: latency of TCP or UDP between a pod and other pods or nodes. */
import { endpointsOf, source, toEndpoint, toSource } from '../endpoints.ts';
import { duration, milliseconds, object, oneOf } from '../fields.ts';
import { apiVersion } from '../metadata.ts';
import type { ConnectivityTest, Endpoint } from '../model.ts';
import { defineKind } from './definition.ts';

export type DelayTest = {
  protocol: 'tcp' | 'udp';
  source: ConnectivityTest['source'];
  destinations: Endpoint[];
  /** Undefined is once. */
  frequencyMs?: number;
};

const delayTestSpec = object({
  protocol: oneOf('tcp', 'udp'),
  source,
  destinations: endpointsOf(['pod', 'node'], 'destinations'),
  frequency: duration('1s', '24h').optional(),
});

export const networkDelayTest = defineKind({
  apiVersion,
  kind: 'NetworkDelayTest',
  plural: 'networkdelaytests',
  singular: 'networkdelaytest',
  shortName: 'ndt',
  namespaced: true,
  status: true,
  specSchema: delayTestSpec,
  toModel: (written, namespace): DelayTest => ({
    protocol: written.protocol,
    source: toSource(written.source, namespace),
    destinations: written.destinations.map((destination) => toEndpoint(destination, namespace)),
    frequencyMs: written.frequency === undefined ? undefined : milliseconds(written.frequency),
  }),
});
