import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Change, changesOfEvent, changesOfList, keyOf, keyText, type Known } from '../../src/store/changes.ts';
import type { Stored } from '../../src/store/index.ts';
import { type Thing, thing } from './support.ts';

const stored: fc.Arbitrary<Stored<Thing>> = fc
  .record({ name: fc.constantFrom('a', 'b', 'c'), uid: fc.constantFrom('u1', 'u2'), resourceVersion: fc.constantFrom('1', '2') })
  .map(({ name, uid, resourceVersion }) => thing(name, '', { uid, resourceVersion, creationTimestamp: '' }) as Stored<Thing>);
const snapshot = fc.uniqueArray(stored, { selector: (object) => object.metadata.name });
const event = fc.record({ type: fc.constantFrom('ADDED' as const, 'MODIFIED' as const, 'DELETED' as const), object: stored });

const knownOf = (objects: readonly Stored<Thing>[]) => new Map(objects.map((object) => [keyText(keyOf(object)), object]));

/** Applies changes as a listener would, and insists that each fits what came before. */
function replay(known: Known<Thing>, changes: readonly Change<Thing>[]): Map<string, Stored<Thing>> {
  const now = new Map(known);
  for (const change of changes) {
    const key = keyText(keyOf(change.object));
    const before = now.get(key);
    expect(before?.metadata.uid).toBe(change.type === 'added' ? undefined : change.object.metadata.uid);
    if (change.type === 'modified') expect(change.before).toBe(before);
    if (change.type === 'deleted') now.delete(key);
    else now.set(key, change.object);
  }
  return now;
}

describe('changes', () => {
  it('lead from any state to any listed state, one whole life after the other', () => {
    fc.assert(
      fc.property(snapshot, snapshot, (before, after) => {
        const known = knownOf(before);
        const identity = (objects: Iterable<Stored<Thing>>) =>
          [...objects].map(({ metadata }) => `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`).sort();
        expect(identity(replay(known, changesOfList(known, after)).values())).toEqual(identity(after));
      }),
    );
  });

  it('are none when a list shows what is known', () => {
    fc.assert(
      fc.property(snapshot, (objects) => {
        expect(changesOfList(knownOf(objects), objects)).toEqual([]);
      }),
    );
  });

  it('of any events make whole lives, and none when an event comes twice', () => {
    fc.assert(
      fc.property(fc.array(event), (events) => {
        let known = new Map<string, Stored<Thing>>();
        for (const next of events) {
          known = replay(known, changesOfEvent(known, next));
          expect(changesOfEvent(known, next)).toEqual([]);
        }
      }),
    );
  });
});
