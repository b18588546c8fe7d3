/** NetworkMonitor: sFlow flows and thresholds, on an external sFlow-RT or, without an endpoint, on the built-in collector. */
import type * as z from 'zod';
import {
  anyText,
  byName,
  duration,
  filledList,
  flag,
  integer,
  ipAddress,
  list,
  milliseconds,
  number,
  object,
  port,
  refuse,
  refuseTwins,
  text,
} from '../fields.ts';
import { apiVersion } from '../metadata.ts';
import { withServerRules } from '../server-rules.ts';
import { defineKind } from './definition.ts';

export type Flow = {
  name: string;
  keys: string[];
  /** What is summed: `frames`, `bytes` or a numeric key. */
  value: string;
  filter?: string;
  activeTimeoutMs?: number;
  log: boolean;
  flowStart: boolean;
};

export type Monitor = {
  /** Of an sFlow-RT; undefined is the built-in collector. */
  endpoint?: { ip: string; port: number };
  flows: Flow[];
  /** `value` in the metric's unit a second. */
  thresholds: { name: string; metric: string; value: number; flowName: string; byFlow: boolean }[];
  events: { most: number; timeoutMs: number };
};

/** The origin puts flow and threshold names into URLs. */
const flowName = text("a name of letters, digits, '.', '_' and '-'", /^[A-Za-z0-9][A-Za-z0-9._-]*$/, 128);

/** Also what a NetworkNotification quotes. */
export const flow = object({
  name: flowName,
  keys: text('key names joined by commas, such as ipsource,ipdestination', /^[A-Za-z0-9_:.]+(,[A-Za-z0-9_:.]+)*$/, 1024),
  value: text('frames, bytes or the name of a numeric key', /^[A-Za-z0-9_:.]+$/, 128),
  filter: anyText('an sFlow-RT filter expression').optional(),
  activeTimeout: duration('1s', '1h').optional(),
  log: flag.optional(),
  flowStart: flag.optional(),
});

export function toFlow(written: z.output<typeof flow>): Flow {
  return {
    name: written.name,
    keys: written.keys.split(','),
    value: written.value,
    filter: written.filter,
    activeTimeoutMs: written.activeTimeout === undefined ? undefined : milliseconds(written.activeTimeout),
    log: written.log ?? false,
    flowStart: written.flowStart ?? false,
  };
}

const threshold = object({
  name: flowName,
  metric: flowName.optional().describe('Default: the flow.'),
  value: number(0, 2 ** 53),
  flowName,
  byFlow: flag.optional().describe('Judge every flow by itself; default false.'),
});

const monitorObject = object({
  monitoringEndpoint: object({ ip: ipAddress, port }).optional(),
  flows: byName(filledList(flow, 'flows')),
  thresholds: byName(list(threshold, 'thresholds')).optional(),
  eventsConfig: object({
    maxEvents: integer(1, 10_000).optional().describe('Default 5.'),
    timeout: duration('1s', '10m').optional().describe('How long one question to sFlow-RT waits for events; default 5s.'),
  }).optional(),
}).check((context) => {
  const { flows, thresholds = [] } = context.value;
  const names = flows.map(({ name }) => name);
  refuseTwins(context, 'flows', names);
  refuseTwins(
    context,
    'thresholds',
    thresholds.map(({ name }) => name),
  );
  thresholds.forEach((one, index) => {
    if (names.length > 0 && !names.includes(one.flowName)) {
      refuse(context, ['thresholds', index, 'flowName'], `expected one of the monitor's flows: ${names.join(', ')}`);
    }
  });
});

const monitorSpec = withServerRules(monitorObject, [
  {
    rule: '!has(self.thresholds) || self.thresholds.all(one, self.flows.exists(flow, flow.name == one.flowName))',
    message: "expected each flowName to be one of the monitor's flows",
    field: 'thresholds',
  },
]);

export const networkMonitor = defineKind({
  apiVersion,
  kind: 'NetworkMonitor',
  plural: 'networkmonitors',
  singular: 'networkmonitor',
  shortName: 'nm',
  namespaced: true,
  status: true,
  specSchema: monitorSpec,
  toModel: ({ monitoringEndpoint, flows, thresholds = [], eventsConfig }): Monitor => ({
    endpoint: monitoringEndpoint && { ip: monitoringEndpoint.ip, port: Number(monitoringEndpoint.port) },
    flows: flows.map(toFlow),
    thresholds: thresholds.map((one) => ({ ...one, metric: one.metric ?? one.flowName, byFlow: one.byFlow ?? false })),
    events: { most: eventsConfig?.maxEvents ?? 5, timeoutMs: milliseconds(eventsConfig?.timeout ?? '5s') },
  }),
});
