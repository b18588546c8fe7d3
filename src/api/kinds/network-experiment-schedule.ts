/** NetworkExperimentSchedule: NetworkExperiments from a template, by cron, with CronJob's field names. */
import { annotations, anyText, flag, integer, labels, object, oneOf } from '../fields.ts';
import { apiVersion } from '../metadata.ts';
import type { Experiment } from '../model.ts';
import { withServerRules } from '../server-rules.ts';
import { defineKind } from './definition.ts';
import { experimentSpec, toExperiment } from './network-experiment.ts';

export type ExperimentSchedule = {
  /** 5 or 6 cron fields, or a nickname such as @daily; only its shape has been checked. */
  schedule: string;
  /** IANA name. */
  timeZone: string;
  concurrencyPolicy: 'Allow' | 'Forbid' | 'Replace';
  /** Later than this, a missed run is not made up for; undefined is no limit. */
  startingDeadlineMs?: number;
  suspend: boolean;
  successfulHistory: number;
  failedHistory: number;
  template: { labels: Record<string, string>; annotations: Record<string, string>; spec: unknown; experiment: Experiment };
};

const nicknames = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];
const cronExpected = `expected 5 or 6 cron fields such as "30 2 * * 1-5", or one of ${nicknames.join(', ')}`;

const cronField = '[0-9A-Za-z*?,/#-]+';
const cronPattern = new RegExp(`^(${nicknames.join('|')}|\\s*${cronField}(\\s+${cronField}){4,5}\\s*)$`);
const timeZoneExpected = 'expected an IANA time zone such as Europe/Berlin or UTC';

function isTimeZone(name: string): boolean {
  // Intl takes offsets such as +02:00 too, which know no daylight saving time.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const history = () => integer(0, 1000).optional();

const scheduleSpec = object({
  schedule: anyText('a cron expression', 256).regex(cronPattern, { error: cronExpected }),
  timeZone: withServerRules(anyText('a time zone', 64).refine(isTimeZone, { error: timeZoneExpected }), [
    { rule: "self.matches('^[A-Za-z]')", message: timeZoneExpected },
    // An unknown zone is an error of the evaluation, which refuses too.
    { rule: "timestamp('2000-01-01T00:00:00Z').getHours(self) >= 0", message: timeZoneExpected },
  ])
    .optional()
    .describe('Default UTC.'),
  concurrencyPolicy: oneOf('Allow', 'Forbid', 'Replace').optional().describe('Default Forbid.'),
  startingDeadlineSeconds: integer(1, 31_622_400).optional(),
  suspend: flag.optional().describe('Default false.'),
  successfulExperimentsHistoryLimit: history().describe('Default 3.'),
  failedExperimentsHistoryLimit: history().describe('Default 1.'),
  experimentTemplate: object({
    metadata: object({ labels: labels.optional(), annotations: annotations.optional() }).optional(),
    spec: experimentSpec,
  }),
});

export const networkExperimentSchedule = defineKind({
  apiVersion,
  kind: 'NetworkExperimentSchedule',
  plural: 'networkexperimentschedules',
  singular: 'networkexperimentschedule',
  shortName: 'nxs',
  namespaced: true,
  status: true,
  // Its runs have its name as a label's value; their own, `<schedule>-<unix seconds>`, may be longer than that.
  longestName: 63,
  specSchema: scheduleSpec,
  toModel: (written, namespace): ExperimentSchedule => ({
    schedule: written.schedule.trim(),
    timeZone: written.timeZone ?? 'UTC',
    concurrencyPolicy: written.concurrencyPolicy ?? 'Forbid',
    startingDeadlineMs: written.startingDeadlineSeconds === undefined ? undefined : written.startingDeadlineSeconds * 1000,
    suspend: written.suspend ?? false,
    successfulHistory: written.successfulExperimentsHistoryLimit ?? 3,
    failedHistory: written.failedExperimentsHistoryLimit ?? 1,
    template: {
      labels: written.experimentTemplate.metadata?.labels ?? {},
      annotations: written.experimentTemplate.metadata?.annotations ?? {},
      spec: written.experimentTemplate.spec,
      experiment: toExperiment(written.experimentTemplate.spec, namespace),
    },
  }),
});
