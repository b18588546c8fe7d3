/** NetworkPerformanceTest: iperf between every client and every server. */
import type * as z from 'zod';
import { endpoint, endpointsOf, given, onlyKinds, toEndpoint } from '../endpoints.ts';
import { anyText, duration, flag, integer, list, milliseconds, object, oneOf, port, refuse, refuseAs } from '../fields.ts';
import { apiVersion } from '../metadata.ts';
import type { PerformanceTest } from '../model.ts';
import { serverRulesOf, withServerRules } from '../server-rules.ts';
import { parseRate, rateInCel, ratePattern } from '../units.ts';
import { defineKind } from './definition.ts';

const bandwidthExpected = 'expected a rate with a unit from 1kbit to 100gbit, such as 100mbit';

const clientConfiguration = object({
  protocol: oneOf('tcp', 'udp').optional().describe('Default tcp.'),
  bandwidth: withServerRules(
    anyText('a rate with a unit, such as 100mbit', 32)
      .regex(ratePattern, { error: bandwidthExpected, abort: true })
      .refine((value) => (parseRate(value) ?? 0) >= 1e3 && (parseRate(value) ?? 0) <= 100e9, { error: bandwidthExpected }),
    [{ rule: `${rateInCel('self')} >= 1000.0 && ${rateInCel('self')} <= 100000000000.0`, message: bandwidthExpected }],
  )
    .optional()
    .describe('What a client sends at most; without it, as much as TCP can.'),
  bidirectional: flag.optional().describe('Default false.'),
});

const clientKinds = ['pod', 'service', 'node'] as const;
const clientObject = object({ ...endpoint.shape, configuration: clientConfiguration.optional() }).check((context) => {
  const { configuration, ...place } = context.value;
  refuseAs(context, endpoint, place);
  const known: readonly string[] = clientKinds;
  if (!known.includes(place.kind)) refuse(context, ['kind'], `expected one of ${clientKinds.join(', ')}`);
  if (configuration?.protocol === 'udp' && configuration.bandwidth === undefined) {
    refuse(context, ['configuration', 'bandwidth'], 'required with protocol udp, which has no limit of its own');
  }
});

const client = withServerRules(clientObject, [
  ...serverRulesOf(endpoint),
  {
    rule: "!has(self.configuration) || !has(self.configuration.protocol) || self.configuration.protocol != 'udp' || has(self.configuration.bandwidth)",
    message: 'required with protocol udp, which has no limit of its own',
    field: 'configuration.bandwidth',
  },
]);

export const performanceFields = {
  type: oneOf('iperf'),
  clients: onlyKinds(list(client, 'clients', 16), clientKinds).optional(),
  servers: endpointsOf(['ip', 'pod', 'service', 'node'], 'servers', 16).optional(),
  duration: duration('1s', '1h').optional().describe('Of one iteration; default 10s.'),
  port: port.optional().describe('Default 5201.'),
  iterations: integer(1, 100).optional().describe('Default 1.'),
};

const performanceObject = object(performanceFields);
export type WrittenPerformanceTest = z.output<typeof performanceObject>;

/** A known fork of the origin writes `iterations` and no places at all; that form is read, everything else needs both ends. */
export function checkPerformanceTest(context: { value: WrittenPerformanceTest; issues: z.core.$ZodRawIssue[] }): void {
  const { clients = [], servers = [], iterations } = context.value;
  if (clients.length === 0 && servers.length === 0 && iterations !== undefined) return;
  if (clients.length === 0) refuse(context, ['clients'], 'required; expected at least one of the clients');
  if (servers.length === 0) refuse(context, ['servers'], 'required; expected at least one of the servers');
}

const hasClients = 'has(self.clients) && size(self.clients) > 0';
const hasServers = 'has(self.servers) && size(self.servers) > 0';

export const performanceSpec = withServerRules(performanceObject.check(checkPerformanceTest), [
  {
    rule: `${hasClients} || !(${hasServers}) && has(self.iterations)`,
    message: 'required; expected at least one of the clients',
    field: 'clients',
  },
  {
    rule: `${hasServers} || !(${hasClients}) && has(self.iterations)`,
    message: 'required; expected at least one of the servers',
    field: 'servers',
  },
]);

export function toPerformanceTest(written: WrittenPerformanceTest, namespace: string): PerformanceTest {
  return {
    clients: (written.clients ?? []).map(({ configuration, ...place }) => ({
      endpoint: toEndpoint(place, namespace),
      protocol: configuration?.protocol ?? 'tcp',
      bitsPerSecond: configuration?.bandwidth === undefined ? undefined : given(parseRate(configuration.bandwidth)),
      bidirectional: configuration?.bidirectional ?? false,
    })),
    servers: (written.servers ?? []).map((server) => toEndpoint(server, namespace)),
    port: Number(written.port ?? 5201),
    durationMs: milliseconds(written.duration ?? '10s'),
    iterations: written.iterations ?? 1,
  };
}

export const networkPerformanceTest = defineKind({
  apiVersion,
  kind: 'NetworkPerformanceTest',
  plural: 'networkperformancetests',
  singular: 'networkperformancetest',
  shortName: 'npt',
  namespaced: true,
  status: true,
  specSchema: performanceSpec,
  toModel: toPerformanceTest,
});
