/** NetworkNotification: one threshold event. An output, owned by its monitor; it expires. */
import * as z from 'zod';
import { anyText, integer, number, object, objectName, text } from '../fields.ts';
import { apiVersion } from '../metadata.ts';
import { defineKind } from './definition.ts';
import { flow, type Flow, toFlow } from './network-monitor.ts';

export type Notification = {
  flow?: Flow;
  event: {
    eventId: number;
    threshold: number;
    value: number;
    /** Milliseconds since 1970; undefined when the event came without a time. */
    at?: number;
    name: string;
    metric: string;
    thresholdId: string;
    agent: string;
    dataSource: string;
    /** The flow's key values, joined by commas; undefined where the total of a source was judged. */
    flowKey?: string;
  };
  /** Name of the monitor that it is of. */
  monitor?: string;
  /** That the event aborts. */
  run?: { uid: string; name?: string };
  message: string;
  /** Milliseconds since 1970; undefined: it stays. */
  expiresAt?: number;
};

const eventText = anyText('a text');
const timestampExpected = 'expected an instant such as 2019-05-21T11:15:00Z (RFC 3339)';

const event = object({
  eventID: integer(0, 2 ** 53 - 1),
  threshold: number(-(2 ** 53), 2 ** 53),
  value: number(-(2 ** 53), 2 ** 53),
  timestamp: z.iso.datetime({ offset: true, error: timestampExpected }).optional(),
  name: eventText.optional(),
  metric: eventText.optional(),
  thresholdID: eventText.optional(),
  agent: eventText.optional(),
  dataSource: eventText.optional(),
  flowKey: eventText.optional().describe('The key values of the flow, joined by commas.'),
});

const notificationSpec = object({
  networkEvent: object({ flow: flow.optional(), event }),
  monitor: objectName.optional().describe('The NetworkMonitor of the same namespace that it is of.'),
  run: object({ uid: text('the uid of a NetworkExperiment', /^[A-Za-z0-9-]+$/, 63), name: objectName.optional() })
    .optional()
    .describe('The NetworkExperiment that the event aborts.'),
  message: eventText.optional(),
  expiresAt: z.iso
    .datetime({ offset: true, error: timestampExpected })
    .optional()
    .describe('When its monitor deletes it; without it, it stays.'),
});
export type WrittenNotification = z.output<typeof notificationSpec>;

export const networkNotification = defineKind({
  apiVersion,
  kind: 'NetworkNotification',
  plural: 'networknotifications',
  singular: 'networknotification',
  shortName: 'nn',
  namespaced: true,
  status: false,
  specSchema: notificationSpec,
  toModel: ({ networkEvent: { flow: quoted, event: written }, monitor, run, message, expiresAt }): Notification => ({
    flow: quoted && toFlow(quoted),
    event: {
      eventId: written.eventID,
      threshold: written.threshold,
      value: written.value,
      at: written.timestamp === undefined ? undefined : Date.parse(written.timestamp),
      name: written.name ?? '',
      metric: written.metric ?? '',
      thresholdId: written.thresholdID ?? '',
      agent: written.agent ?? '',
      dataSource: written.dataSource ?? '',
      flowKey: written.flowKey,
    },
    monitor,
    run,
    message: message ?? '',
    expiresAt: expiresAt === undefined ? undefined : Date.parse(expiresAt),
  }),
});
