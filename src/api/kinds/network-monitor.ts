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
  oneOf,
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

export type Threshold = {
  name: string;
  metric: string;
  /** In the metric's unit a second; with `timesBaseline` how far out the threshold is at least. */
  value: number;
  flowName: string;
  byFlow: boolean;
  /** `cusum` tests the counts of samples, `ewma` compares the smoothed value as sFlow-RT does. */
  detector: 'cusum' | 'ewma';
  condition: 'above' | 'below';
  timesBaseline?: number;
  /** Packets to or from the targets of the experiment that the monitor may abort are left out. */
  exemptTargets: boolean;
};

export type Monitor = {
  /** Of an sFlow-RT; undefined is the built-in collector. */
  endpoint?: { ip: string; port: number };
  flows: Flow[];
  thresholds: Threshold[];
  events: { most: number; timeoutMs: number };
};

/** The origin puts flow and threshold names into URLs. */
const flowName = text("a name of letters, digits, '.', '_' and '-'", /^[A-Za-z0-9][A-Za-z0-9._-]*$/, 128);

/** Also what a NetworkNotification quotes. */
export const flow = object({
  name: flowName,
  keys: text(
    'key names joined by commas, such as ipsource,ipdestination',
    /^[A-Za-z0-9_:./\[\]-]+(,[A-Za-z0-9_:./\[\]-]+)*$/,
    1024,
  ),
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

const onlyAbove = 'not used with detector ewma, which fires above and as sFlow-RT does; remove it, or use detector cusum';
const aboveBaseline = 'expected more than 1 with condition above, such as 2 for twice the baseline';
const belowBaseline = 'expected less than 1 with condition below, such as 0.5 for half of the baseline';

const thresholdObject = object({
  name: flowName,
  metric: flowName.optional().describe('Default: the flow.'),
  value: number(0, 2 ** 53).describe(
    'In the unit of the metric a second; with timesBaseline how far out the threshold is at least.',
  ),
  flowName,
  byFlow: flag.optional().describe('Judge every flow by itself; default false.'),
  detector: oneOf('cusum', 'ewma')
    .optional()
    .describe(
      'Default cusum, a test of sample counts; ewma compares the smoothed value as sFlow-RT does, and is the default with an sFlow-RT.',
    ),
  condition: oneOf('above', 'below').optional().describe('Default above.'),
  timesBaseline: number(0, 1_000_000).optional().describe('The threshold as a multiple of what was measured before the fault.'),
  exemptTargets: flag
    .optional()
    .describe('Leave out packets to or from the targets of the experiment that the monitor may abort; default false.'),
}).check((context) => {
  const { detector, condition, timesBaseline } = context.value;
  if (detector === 'ewma' && condition === 'below') refuse(context, ['condition'], onlyAbove);
  if (timesBaseline === undefined) return;
  if (detector === 'ewma') refuse(context, ['timesBaseline'], onlyAbove);
  else if (condition === 'below' && timesBaseline >= 1) refuse(context, ['timesBaseline'], belowBaseline);
  else if (condition !== 'below' && timesBaseline <= 1) refuse(context, ['timesBaseline'], aboveBaseline);
});

const threshold = withServerRules(thresholdObject, [
  {
    rule: "!has(self.detector) || self.detector != 'ewma' || !has(self.condition) || self.condition != 'below'",
    message: onlyAbove,
    field: 'condition',
  },
  {
    rule: "!has(self.detector) || self.detector != 'ewma' || !has(self.timesBaseline)",
    message: onlyAbove,
    field: 'timesBaseline',
  },
  {
    rule: "!has(self.timesBaseline) || !has(self.condition) || self.condition != 'below' || self.timesBaseline < 1.0",
    message: belowBaseline,
    field: 'timesBaseline',
  },
  {
    rule: "!has(self.timesBaseline) || (has(self.condition) && self.condition == 'below') || self.timesBaseline > 1.0",
    message: aboveBaseline,
    field: 'timesBaseline',
  },
]);

/** An sFlow-RT decides by itself, in its own way. */
const sflowRtDecides = 'not used with a monitoringEndpoint, where sFlow-RT decides';
const notOfSflowRt = (one: z.output<typeof thresholdObject>): string | undefined => {
  if (one.detector === 'cusum') return 'detector';
  if (one.condition === 'below') return 'condition';
  if (one.timesBaseline !== undefined) return 'timesBaseline';
  return one.exemptTargets === true ? 'exemptTargets' : undefined;
};

const monitorObject = object({
  monitoringEndpoint: object({ ip: ipAddress, port }).optional(),
  flows: byName(filledList(flow, 'flows')),
  thresholds: byName(list(threshold, 'thresholds')).optional(),
  eventsConfig: object({
    maxEvents: integer(1, 10_000).optional().describe('Default 5.'),
    timeout: duration('1s', '10m').optional().describe('How long one question to sFlow-RT waits for events; default 5s.'),
  }).optional(),
}).check((context) => {
  const { flows, thresholds = [], monitoringEndpoint } = context.value;
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
    const field = monitoringEndpoint && notOfSflowRt(one);
    if (field !== undefined) refuse(context, ['thresholds', index, field], `${sflowRtDecides}; remove it`);
  });
});

const monitorSpec = withServerRules(monitorObject, [
  {
    rule: '!has(self.thresholds) || self.thresholds.all(one, self.flows.exists(flow, flow.name == one.flowName))',
    message: "expected each flowName to be one of the monitor's flows",
    field: 'thresholds',
  },
  {
    rule: "!has(self.monitoringEndpoint) || !has(self.thresholds) || self.thresholds.all(one, (!has(one.detector) || one.detector == 'ewma') && (!has(one.condition) || one.condition == 'above') && !has(one.timesBaseline) && (!has(one.exemptTargets) || !one.exemptTargets))",
    message: `detector cusum, condition below, timesBaseline and exemptTargets are ${sflowRtDecides}; remove them`,
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
    thresholds: thresholds.map((one) => ({
      ...one,
      metric: one.metric ?? one.flowName,
      byFlow: one.byFlow ?? false,
      detector: one.detector ?? (monitoringEndpoint === undefined ? 'cusum' : 'ewma'),
      condition: one.condition ?? 'above',
      exemptTargets: one.exemptTargets ?? false,
    })),
    events: { most: eventsConfig?.maxEvents ?? 5, timeoutMs: milliseconds(eventsConfig?.timeout ?? '5s') },
  }),
});
