/** The NetworkNotifications of a monitor: what is in one, how it is called, and which of them stay. Pure. */
import { apiVersion, type Crossing, labelPrefix, type Monitor, shortNodeName as shortName } from '../../api/index.ts';
import { formatInstant } from '../../lib/index.ts';
import type { NetworkCrossing } from '../../observers/index.ts';
import type { NotificationObject } from '../resources.ts';
import { cut } from './bounded.ts';

/** On a notification: the monitor's name, or of a long one what `shortNodeName` makes of it. */
export const monitorLabel = `${labelPrefix}/monitor`;
/** Its event's name. */
export const thresholdCrossed = 'ThresholdCrossed';
export const signalLost = 'SignalLost';

const lifetimeMs = 24 * 3_600_000;
const longestText = 1024;

export type MonitorOwner = { namespace: string; name: string; uid: string };

/** The event's identity is the observer's life and its number in it: neither a restart nor another monitor gives the same name again. */
export function notificationName(
  monitor: string,
  { observerStartedAt, eventId }: Pick<NetworkCrossing, 'observerStartedAt' | 'eventId'>,
): string {
  return `${shortName(monitor)}-${inBase36(observerStartedAt)}-${String(eventId)}`;
}

/** What is told of a crossing: of a run also its name, where that is known. */
export type CrossingNews = { crossing: Crossing; at: number; run?: { uid: string; name?: string }; notification: string };

export function notificationOfCrossing(
  owner: MonitorOwner,
  monitor: Monitor | undefined,
  { crossing, at, run, notification }: CrossingNews,
): NotificationObject {
  const threshold = monitor?.thresholds.find(({ name }) => name === crossing.threshold);
  const flow = monitor?.flows.find(({ name }) => name === threshold?.flowName);
  return {
    ...frame(owner, notification),
    spec: {
      networkEvent: {
        ...(flow === undefined ? {} : { flow: quote(flow) }),
        event: {
          ...{ eventID: crossing.eventId, threshold: crossing.limit, value: crossing.value, timestamp: crossing.at },
          ...{ name: thresholdCrossed, metric: threshold?.metric ?? '', thresholdID: crossing.threshold },
          ...{ agent: crossing.agent, dataSource: crossing.dataSource },
          ...(crossing.flow === undefined ? {} : { flowKey: crossing.flow }),
        },
      },
      monitor: owner.name,
      ...(run === undefined ? {} : { run }),
      expiresAt: formatInstant(at + lifetimeMs),
    },
  };
}

/** @param lostAt milliseconds since 1970; there is no event behind it that has a number */
export function notificationOfLoss(owner: MonitorOwner, lostAt: number, agent: string, message: string): NotificationObject {
  return {
    ...frame(owner, `${shortName(owner.name)}-${inBase36(lostAt)}-lost`),
    spec: {
      networkEvent: {
        event: {
          ...{ eventID: Math.floor(lostAt), threshold: 0, value: 0, timestamp: formatInstant(lostAt), name: signalLost },
          ...{ metric: '', thresholdID: '', agent: cut(agent, longestText), dataSource: '' },
        },
      },
      monitor: owner.name,
      message: cut(message, longestText),
      expiresAt: formatInstant(lostAt + lifetimeMs),
    },
  };
}

/** What the threshold by itself made of the very same datagram as a run's says nothing more: the run's is the one that is told. */
export function withoutTwins<T extends Pick<CrossingNews, 'crossing'> & { run?: unknown }>(news: readonly T[]): T[] {
  const identity = ({ crossing: { threshold, flow, agent, dataSource, at } }: T) =>
    JSON.stringify([threshold, flow, agent, dataSource, at]);
  const ofRuns = new Set(news.filter(({ run }) => run !== undefined).map(identity));
  return news.filter((one) => one.run !== undefined || !ofRuns.has(identity(one)));
}

/** Those that a run relies on come first, then the newest. */
export function mostWorthKeeping(
  objects: readonly NotificationObject[],
  most: number,
  named: ReadonlySet<string>,
): NotificationObject[] {
  const rank = ({ metadata }: NotificationObject) => (named.has(metadata.name) ? 0 : 1);
  const numberOf = ({ spec }: NotificationObject) => spec.networkEvent.event.eventID;
  return [...objects]
    .sort((a, b) => rank(a) - rank(b) || instantOf(b) - instantOf(a) || numberOf(b) - numberOf(a))
    .slice(0, most);
}

/** Which of a monitor's notifications go: those whose time is over, and of the others the oldest beyond the most that it may have. */
export function notificationsToDelete<T extends NotificationObject>(
  objects: readonly T[],
  most: number,
  named: ReadonlySet<string>,
  now: number,
): T[] {
  const present = objects.filter(({ spec }) => spec.expiresAt === undefined || Date.parse(spec.expiresAt) > now);
  const kept = new Set<NotificationObject>(mostWorthKeeping(present, most, named));
  return objects.filter((object) => !kept.has(object));
}

function instantOf({ spec, metadata }: NotificationObject): number {
  return Date.parse(spec.networkEvent.event.timestamp ?? metadata.creationTimestamp ?? '') || 0;
}

function frame({ namespace, name, uid }: MonitorOwner, notification: string): Omit<NotificationObject, 'spec'> {
  return {
    apiVersion,
    kind: 'NetworkNotification',
    metadata: {
      name: notification,
      namespace,
      labels: { [monitorLabel]: shortName(name) },
      ownerReferences: [{ apiVersion, kind: 'NetworkMonitor', name, uid }],
    },
  };
}

function quote({ name, keys, value, filter }: Monitor['flows'][number]) {
  return { name, keys: keys.join(','), value, ...(filter === undefined ? {} : { filter }) };
}

function inBase36(milliseconds: number): string {
  return Math.floor(milliseconds).toString(36);
}
