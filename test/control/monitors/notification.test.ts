import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSpec } from '../../../src/api/index.ts';
import type { NotificationObject } from '../../../src/control/index.ts';
import { tell } from '../../../src/control/monitors/crossing-memory.ts';
import {
  monitorLabel,
  mostWorthKeeping,
  notificationName,
  notificationOfCrossing,
  notificationOfLoss,
  notificationsToDelete,
  withoutTwins,
} from '../../../src/control/monitors/notification.ts';
import { isLabelValue, isSubdomain } from '../../../src/embedded/names.ts';
import { monitor } from '../../api/samples.ts';
import { crossingWith, start } from './world.ts';

const owner = { namespace: 'shop', name: 'traffic', uid: 'uid-1' };
const model = readSpec('NetworkMonitor', monitor);
const notificationAt = (at: number, eventId = at): NotificationObject =>
  notificationOfCrossing(owner, model, tell('traffic', crossingWith({ at: start + at, eventId })) as never);
const nameAt = (eventId: number) => notificationAt(0, eventId).metadata.name;

/** A name as Kubernetes takes it for an object, up to the longest. */
const objectName = fc
  .array(fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?$/), { minLength: 1, maxLength: 40 })
  .map((parts) =>
    parts
      .join('.')
      .slice(0, 253)
      .replace(/[-.]+$/, ''),
  );

describe('the name of a notification', () => {
  it('is valid, and so is its label, whatever the monitor is called', () => {
    const number = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(objectName, number, fc.integer({ min: 0, max: 8.64e15 }), (name, eventId, observerStartedAt) => {
        const longOwner = { ...owner, name };
        const told = tell(name, crossingWith({ eventId, observerStartedAt }));
        const made = [
          notificationOfCrossing(longOwner, model, { ...told, run: undefined }),
          notificationOfLoss(longOwner, start, 'a', ''),
        ];
        for (const { metadata } of made) {
          expect(isSubdomain(metadata.name)).toBe(true);
          expect(isLabelValue(metadata.labels?.[monitorLabel] ?? '')).toBe(true);
        }
      }),
    );
  });

  it.each<[string, [string, number, number], [string, number, number]]>([
    ['another event', ['traffic', start, 1], ['traffic', start, 2]],
    ['the same number after a restart of the observer', ['traffic', start, 1], ['traffic', start + 1, 1]],
    ['another monitor', ['traffic', start, 1], ['traffic-1', start, 1]],
    ['another monitor with as long a name', [`${'a'.repeat(252)}b`, start, 1], [`${'a'.repeat(252)}c`, start, 1]],
  ])('is another one of %s', (_, one, other) => {
    const nameOf = ([name, observerStartedAt, eventId]: [string, number, number]) =>
      notificationName(name, { observerStartedAt, eventId });
    expect(nameOf(one)).not.toBe(nameOf(other));
  });

  it('is of whole milliseconds', () => {
    expect(notificationName('m', { observerStartedAt: 36.7, eventId: 3 })).toBe('m-10-3');
  });
});

describe('which notifications stay', () => {
  const names = (objects: readonly NotificationObject[]) => objects.map(({ metadata }) => metadata.name);

  it('those that a run names first, then the newest', () => {
    const all = [3, 1, 4, 2].map((at) => notificationAt(at));
    expect(names(mostWorthKeeping(all, 2, new Set([nameAt(1)])))).toEqual([nameAt(1), nameAt(4)]);
  });

  it('go beyond the most, and when their time is over', () => {
    const all = [1, 2, 3].map((at) => notificationAt(at));
    expect(names(notificationsToDelete(all, 2, new Set(), start + 1000))).toEqual([nameAt(1)]);
    const dayMs = 24 * 3_600_000;
    expect(names(notificationsToDelete(all, 3, new Set([nameAt(2)]), start + dayMs + 2))).toEqual([nameAt(1), nameAt(2)]);
  });

  it('are never more than the most, and none goes for which there is room', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(1000), { maxLength: 30 }), fc.integer({ min: 1, max: 10 }), (instants, most) => {
        const all = instants.map((at) => notificationAt(at));
        const gone = notificationsToDelete(all, most, new Set(), start);
        expect(all.length - gone.length).toBe(Math.min(all.length, most));
      }),
    );
  });

  it('one without an end stays', () => {
    const { spec, ...object } = notificationAt(1);
    expect(notificationsToDelete([{ ...object, spec: { ...spec, expiresAt: undefined } }], 5, new Set(), Infinity)).toEqual([]);
  });
});

describe('twins', () => {
  const news = (changes: Parameters<typeof crossingWith>[0]) => tell('traffic', crossingWith(changes));
  it.each<[string, Parameters<typeof crossingWith>[0], number]>([
    ['of the same datagram are one', { eventId: 2 }, 1],
    ['of another instant are two', { eventId: 2, at: start + 11 }, 2],
    ['of another flow are two', { eventId: 2, flow: 'other' }, 2],
    ['of another threshold are two', { eventId: 2, threshold: 'other' }, 2],
    ['that are both of runs are two', { eventId: 2, run: 'b' }, 2],
  ])('%s', (_, other, expected) => {
    const kept = withoutTwins([news(other), news({ eventId: 1, run: 'a' })]);
    expect(kept).toHaveLength(expected);
    expect(kept.map(({ run }) => run)).toContain('a');
  });
});
