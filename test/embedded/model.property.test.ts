import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../src/lib/index.ts';
import type { Store } from '../../src/store/index.ts';
import { eventsUntil, type ObjectEvent, startServer, type Thing, thing, things } from '../store/support.ts';

/** What a client may do, with the version that it believes to be current: the newest that it saw, or one before. */
type Operation =
  | { does: 'create' | 'get' | 'delete'; name: string }
  | { does: 'deleteByUid' | 'update'; name: string; stale: boolean; value: string; label: string };

const name = fc.constantFrom('a', 'b', 'c');
const value = fc.constantFrom('1', '2', '3');
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ does: fc.constantFrom('create' as const, 'get' as const, 'delete' as const), name }),
  fc.record({
    does: fc.constantFrom('update' as const, 'deleteByUid' as const),
    name,
    stale: fc.boolean(),
    value,
    label: fc.constantFrom('in', 'out'),
  }),
);

type Version = { uid: string; resourceVersion: string; value: string; label: string };
/** Name → every version that was ever seen, oldest first; `alive` names the last of them while the object is there. */
type Model = { versions: Map<string, Version[]>; alive: Map<string, Version> };

/** What the model says must come of it: a code, or `ok`. */
function expectedOf(model: Model, operation: Operation, believed: Version | undefined): string {
  const present = model.alive.get(operation.name);
  if (operation.does === 'create') return present ? 'AlreadyExists' : 'ok';
  if (present === undefined) return 'NotFound';
  if (operation.does === 'update') return believed?.resourceVersion === present.resourceVersion ? 'ok' : 'Conflict';
  if (operation.does === 'deleteByUid') return believed?.uid === present.uid ? 'ok' : 'Conflict';
  return 'ok';
}

async function perform(store: Store, operation: Operation, believed: Version | undefined): Promise<Version | undefined> {
  const key = { namespace: 'shop', name: operation.name };
  const seen = (object: Awaited<ReturnType<typeof store.get<Thing>>>): Version => ({
    uid: object.metadata.uid,
    resourceVersion: object.metadata.resourceVersion,
    value: object.data?.value ?? '',
    label: object.metadata.labels?.place ?? '',
  });
  switch (operation.does) {
    case 'create':
      return seen(await store.create(things, thing(operation.name, '1', { labels: { place: 'in' } })));
    case 'get':
      return seen(await store.get(things, key));
    case 'delete':
      await store.delete(things, key);
      return undefined;
    case 'deleteByUid':
      await store.delete(things, key, { uid: believed?.uid ?? 'none' });
      return undefined;
    case 'update': {
      const { uid, resourceVersion } = believed ?? { uid: 'none', resourceVersion: '1' };
      const metadata = { uid, resourceVersion, labels: { place: operation.label } };
      return seen(await store.update(things, thing(operation.name, operation.value, metadata)));
    }
  }
}

describe('the embedded server and a model of it', () => {
  it('agree on every sequence of operations, and a watch tells exactly the steps of the model', async () => {
    await using server = await startServer();
    const { store } = server;
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 25 }), async (operations) => {
        for (const { metadata } of (await store.list(things)).items) await store.delete(things, metadata);
        const { resourceVersion } = await store.list(things);
        const model: Model = { versions: new Map(), alive: new Map() };
        const steps: string[] = [];
        for (const next of operations) {
          const versions = model.versions.get(next.name) ?? [];
          const believed = 'stale' in next && next.stale ? versions.at(-2) : versions.at(-1);
          const before = model.alive.get(next.name);
          const expected = expectedOf(model, next, believed);
          const outcome = await perform(store, next, believed).then(
            (version) => ({ code: 'ok', version }),
            (error: unknown) => ({ code: codeOf(error), version: undefined }),
          );
          expect(outcome.code, JSON.stringify(next)).toBe(expected);
          if (outcome.code !== 'ok') continue;
          const { version } = outcome;
          if (next.does === 'get') expect(version).toEqual(before);
          if (version === undefined) {
            model.alive.delete(next.name);
            steps.push(`DELETED ${next.name}`);
          } else if (version.resourceVersion !== before?.resourceVersion) {
            if (before) expect(Number(version.resourceVersion)).toBeGreaterThan(Number(before.resourceVersion));
            model.versions.set(next.name, [...versions, version]);
            model.alive.set(next.name, version);
            steps.push(`${before ? 'MODIFIED' : 'ADDED'} ${next.name} ${version.value} ${version.label}`);
          }
        }
        const { items } = await store.list(things);
        expect(items.map((item) => item.metadata.resourceVersion)).toEqual(
          [...model.alive].sort(([a], [b]) => a.localeCompare(b)).map(([, version]) => version.resourceVersion),
        );

        const closing = await store.create(things, thing('closing', '', { labels: { place: 'in' } }));
        const isLast = ({ object }: ObjectEvent<Thing>) => object.metadata.uid === closing.metadata.uid;
        const told = await eventsUntil(store, things, { resourceVersion }, (events) => events.some(isLast));
        expect(told.slice(0, -1).map(describeEvent)).toEqual(steps);
        const select = { resourceVersion, labelSelector: 'place=in' };
        const selected = await eventsUntil(store, things, select, (events) => events.some(isLast));
        expect(selected.slice(0, -1).map(describeEvent)).toEqual(stepsWithin(steps));
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});

function describeEvent({ type, object }: ObjectEvent<Thing>): string {
  const { name, labels } = object.metadata;
  return type === 'DELETED' ? `DELETED ${name}` : `${type} ${name} ${object.data?.value ?? ''} ${labels?.place ?? ''}`;
}

/** What somebody sees of the steps who sees only objects with the label `in`. */
function stepsWithin(steps: string[]): string[] {
  const visible = new Set<string>();
  return steps.flatMap((step) => {
    const [, name = '', value, label] = step.split(' ');
    const wasVisible = visible.has(name);
    if (label === 'in') {
      visible.add(name);
      return [`${wasVisible ? 'MODIFIED' : 'ADDED'} ${name} ${value ?? ''} in`];
    }
    visible.delete(name);
    return wasVisible ? [`DELETED ${name}`] : [];
  });
}
