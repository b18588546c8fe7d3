/** NetworkNotification: one threshold event. An output, owned by its monitor; it expires. */
import * as z from 'zod';
import { anyText, integer, number, object } from '../fields.ts';
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
  };
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
});

export const networkNotification = defineKind({
  apiVersion,
  kind: 'NetworkNotification',
  plural: 'networknotifications',
  singular: 'networknotification',
  shortName: 'nn',
  namespaced: true,
  status: false,
  specSchema: object({ networkEvent: object({ flow: flow.optional(), event }) }),
  toModel: ({ networkEvent: { flow: quoted, event: written } }): Notification => ({
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
    },
  }),
});
