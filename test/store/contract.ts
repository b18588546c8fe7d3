import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiVersion, type KubeObject, type NodeTaskSpec, type NodeTaskStatus } from '../../src/api/index.ts';
import { systemClock } from '../../src/lib/index.ts';
import {
  type AnyObject,
  type Change,
  createCache,
  listWatch,
  type NewObject,
  type Resource,
  type Store,
} from '../../src/store/index.ts';
import { codeFrom, eventsUntil } from './support.ts';

/** A server under test, with two namespaces that exist and are empty. Nothing else about it is assumed. */
export type ContractServer = AsyncDisposable & { store: Store; namespaces: readonly [string, string] };

type ConfigMap = AnyObject & { data?: Record<string, string> };
type Task = KubeObject<NodeTaskSpec, NodeTaskStatus>;

const configMaps: Resource<ConfigMap> = { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true };
const tasks: Resource<Task> = { apiVersion, kind: 'NodeTask', plural: 'nodetasks', namespaced: true };
const namespaceKind: Resource = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };
const unknownKind: Resource = { apiVersion: 'unknown.example/v1', kind: 'Nothing', plural: 'nothings', namespaced: true };

/**
 * What Squall relies on of a server of the Kubernetes API. The same cases run against the embedded server and against a real
 * one, so they say only what both do: versions are opaque, deletions cascade some time later.
 */
export function storeContract(title: string, start: () => Promise<ContractServer>): void {
  describe(`store contract: ${title}`, () => {
    let server: ContractServer;
    let store: Store;
    let namespace: string;
    let count = 0;
    const fresh = (prefix: string) => `${prefix}-${String((count += 1))}`;
    const configMap = (name: string, more: Partial<ConfigMap['metadata']> = {}, data = { key: 'value' }): ConfigMap => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace, ...more },
      data,
    });
    const task = (name: string): Task => ({ apiVersion, kind: 'NodeTask', metadata: { name, namespace }, spec: taskSpec(1) });

    beforeAll(async () => {
      server = await start();
      store = server.store;
      namespace = server.namespaces[0];
    });
    afterAll(async () => {
      await server[Symbol.asyncDispose]();
    });

    it('returns a created object with uid, version and time, and reads it back equal', async () => {
      const name = fresh('created');
      const created = await store.create(configMaps, configMap(name));
      expect(created).toMatchObject({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace },
        data: { key: 'value' },
      });
      expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
      expect(Number.isNaN(Date.parse(created.metadata.creationTimestamp))).toBe(false);
      expect(await store.get(configMaps, { namespace, name })).toEqual(created);
    });

    it('completes generateName, differently each time', async () => {
      const generated: NewObject<ConfigMap> = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { generateName: 'made-', namespace },
      };
      const [first, second] = [await store.create(configMaps, generated), await store.create(configMaps, generated)];
      expect(first.metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
      expect(second.metadata.name).not.toBe(first.metadata.name);
    });

    it.each([
      ['get', () => store.get(configMaps, { namespace, name: 'absent' }), 'NotFound'],
      ['delete', () => store.delete(configMaps, { namespace, name: 'absent' }), 'NotFound'],
      ['patchMetadata', () => store.patchMetadata(configMaps, { namespace, name: 'absent' }, { labels: { a: 'b' } }), 'NotFound'],
      ['get of a kind that is not served', () => store.get(unknownKind, { namespace, name: 'absent' }), 'NotImplemented'],
      ['list of a kind that is not served', () => store.list(unknownKind, { namespace }), 'NotImplemented'],
      ['create with an invalid name', () => store.create(configMaps, configMap('Not_Valid')), 'InvalidInput'],
      [
        'create with an invalid label',
        () => store.create(configMaps, configMap('label', { labels: { a: 'not valid' } })),
        'InvalidInput',
      ],
      [
        'create of more than a server takes',
        () => store.create(configMaps, configMap('large', {}, { key: 'x'.repeat(4e6) })),
        'InvalidInput',
      ],
      ['a name that would leave its path', () => store.get(configMaps, { namespace, name: '../secrets' }), 'InvalidInput'],
      ['a namespaced kind without a namespace', () => store.get(configMaps, { name: 'anything' }), 'InvalidInput'],
      ['a label selector that is none', () => store.list(configMaps, { labelSelector: 'a in b' }), 'InvalidInput'],
      [
        'a field selector on a field that is not selectable',
        () => store.list(configMaps, { fieldSelector: 'data.key=a' }),
        'InvalidInput',
      ],
    ])('%s: %s rejects with its code', async (_what, call, code) => {
      expect(await codeFrom(call())).toBe(code);
    });

    it('refuses a second object of the same name', async () => {
      const name = fresh('twice');
      await store.create(configMaps, configMap(name));
      expect(await codeFrom(store.create(configMaps, configMap(name)))).toBe('AlreadyExists');
    });

    it('refuses an update from a version that is no longer the current one, and changes nothing', async () => {
      const first = await store.create(configMaps, configMap(fresh('update')));
      const second = await store.update(configMaps, { ...first, data: { key: 'second' } });
      expect(second.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion);
      expect(await codeFrom(store.update(configMaps, { ...first, data: { key: 'third' } }))).toBe('Conflict');
      expect(await store.get(configMaps, { namespace, name: first.metadata.name })).toEqual(second);
    });

    it('keeps the version of an object that an update does not change', async () => {
      const first = await store.create(configMaps, configMap(fresh('same')));
      expect((await store.update(configMaps, first)).metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    });

    it('refuses an update without a version for a kind of ours', async () => {
      const created = await store.create(tasks, task(fresh('versionless')));
      const metadata = { ...created.metadata, resourceVersion: undefined };
      expect(await codeFrom(store.update(tasks, { ...created, metadata }))).toBe('InvalidInput');
    });

    it('does not take a new object of the same name for the one that was read', async () => {
      const first = await store.create(configMaps, configMap(fresh('reborn')));
      const key = { namespace, name: first.metadata.name };
      await store.delete(configMaps, key);
      const second = await store.create(configMaps, configMap(key.name));
      expect(second.metadata.uid).not.toBe(first.metadata.uid);
      expect(await codeFrom(store.update(configMaps, { ...first, data: {} }))).toBe('Conflict');
      expect(await codeFrom(store.delete(configMaps, key, { uid: first.metadata.uid }))).toBe('Conflict');
      await store.delete(configMaps, key, { uid: second.metadata.uid });
      expect(await codeFrom(store.get(configMaps, key))).toBe('NotFound');
    });

    it('writes spec and status apart, and raises the generation with the spec only', async () => {
      const created = await store.create(tasks, { ...task(fresh('status')), status: taskStatus(7) });
      expect(created.status).toBeUndefined();
      expect(created.metadata.generation).toBe(1);
      const reported = await store.updateStatus(tasks, { ...created, spec: taskSpec(9), status: taskStatus(1) });
      expect(reported).toMatchObject({ spec: taskSpec(1), status: taskStatus(1), metadata: { generation: 1 } });
      const respecified = await store.update(tasks, { ...reported, spec: taskSpec(2), status: taskStatus(8) });
      expect(respecified).toMatchObject({ spec: taskSpec(2), status: taskStatus(1), metadata: { generation: 2 } });
      expect(await codeFrom(store.updateStatus(tasks, { ...reported, status: taskStatus(2) }))).toBe('Conflict');
    });

    it('patches labels and annotations, and removes them with null', async () => {
      const created = await store.create(configMaps, configMap(fresh('patched'), { annotations: { keep: '1', drop: '2' } }));
      const key = { namespace, name: created.metadata.name };
      const patched = await store.patchMetadata(configMaps, key, { labels: { tier: 'web' }, annotations: { drop: null } });
      expect(patched).toMatchObject({
        metadata: { labels: { tier: 'web' }, annotations: { keep: '1' } },
        data: { key: 'value' },
      });
      expect(patched.metadata.annotations).not.toHaveProperty('drop');
      const stale = { resourceVersion: created.metadata.resourceVersion, labels: { tier: 'db' } };
      expect(await codeFrom(store.patchMetadata(configMaps, key, stale))).toBe('Conflict');
    });

    it.each([
      ['group=selected,app=shop', ['a', 'b']],
      ['group=selected,app!=shop', ['c', 'd']],
      ['group=selected,app in (shop,bank)', ['a', 'b', 'c']],
      ['group=selected,app notin (shop, bank)', ['d']],
      ['group=selected,tier', ['a']],
      ['group=selected,!tier', ['b', 'c', 'd']],
      ['group=selected,app==bank', ['c']],
      ['group=other', []],
    ])('lists what the label selector %s selects', async (labelSelector, expected) => {
      await createSelectable();
      const { items } = await store.list(configMaps, { namespace, labelSelector });
      expect(items.map((item) => item.metadata.name).sort()).toEqual(expected);
    });

    const createSelectable = once(async () => {
      const labels = { a: { app: 'shop', tier: 'web' }, b: { app: 'shop' }, c: { app: 'bank' }, d: {} };
      for (const [name, own] of Object.entries(labels)) {
        await store.create(configMaps, configMap(name, { labels: { group: 'selected', ...own } }));
      }
    });

    it('lists one namespace or all, by name or in small pages, each object whole', async () => {
      const [here, there] = server.namespaces;
      const labels = { group: fresh('paged') };
      const labelSelector = `group=${labels.group}`;
      for (let index = 0; index < 7; index += 1) {
        await store.create(
          configMaps,
          configMap(`${labels.group}-${String(index)}`, { labels, namespace: index < 5 ? here : there }),
        );
      }
      const namesOf = async (options: Parameters<Store['list']>[1]) =>
        (await store.list(configMaps, { labelSelector, ...options })).items.map((item) => item.metadata.name).sort();
      const all = Array.from({ length: 7 }, (_, index) => `${labels.group}-${String(index)}`);
      expect(await namesOf({ pageSize: 2 })).toEqual(all);
      expect(await namesOf({ namespace: here, pageSize: 5 })).toEqual(all.slice(0, 5));
      expect(await namesOf({ namespace: there })).toEqual(all.slice(5));
      expect(await namesOf({ fieldSelector: `metadata.name=${labels.group}-3` })).toEqual([all[3]]);
      const [item] = (await store.list(configMaps, { labelSelector, namespace: here })).items;
      expect(item).toEqual(await store.get(configMaps, { namespace: here, name: item?.metadata.name ?? '' }));
    });

    it('reads cluster-scoped objects without a namespace', async () => {
      expect((await store.get(namespaceKind, { name: namespace })).metadata.name).toBe(namespace);
      expect(await codeFrom(store.get(namespaceKind, { namespace, name: namespace }))).toBe('InvalidInput');
    });

    it('tells a watch everything after its version, once and in order, and resumes between any two events', async () => {
      const name = fresh('watched');
      const select = { namespace, fieldSelector: `metadata.name=${name}` };
      const { resourceVersion } = await store.list(configMaps, select);
      const created = await store.create(configMaps, configMap(name));
      const updated = await store.update(configMaps, { ...created, data: { key: 'second' } });
      await store.delete(configMaps, { namespace, name });
      await store.create(configMaps, configMap(name));

      const told = await eventsUntil(store, configMaps, { ...select, resourceVersion }, (events) => events.length === 4);
      expect(told.map((event) => event.type)).toEqual(['ADDED', 'MODIFIED', 'DELETED', 'ADDED']);
      expect(told[0]?.object).toEqual(created);
      expect(told[1]?.object).toEqual(updated);
      expect(told[2]?.object.metadata.uid).toBe(created.metadata.uid);
      for (const [index, event] of told.slice(0, 3).entries()) {
        const rest = await eventsUntil(
          store,
          configMaps,
          { ...select, resourceVersion: event.object.metadata.resourceVersion },
          (events) => events.length === 3 - index,
        );
        expect(rest).toEqual(told.slice(index + 1));
      }
    });

    it('tells a watch with a selector of objects that come into it and leave it', async () => {
      const name = fresh('crossing');
      const select = { namespace, labelSelector: `crossing=${name}` };
      const { resourceVersion } = await store.list(configMaps, select);
      const key = { namespace, name };
      await store.create(configMaps, configMap(name));
      await store.patchMetadata(configMaps, key, { labels: { crossing: name } });
      await store.patchMetadata(configMaps, key, { annotations: { seen: 'yes' } });
      await store.patchMetadata(configMaps, key, { labels: { crossing: null } });
      await store.patchMetadata(configMaps, key, { annotations: { seen: 'no' } });
      await store.patchMetadata(configMaps, key, { labels: { crossing: name } });
      const told = await eventsUntil(store, configMaps, { ...select, resourceVersion }, (events) => events.length === 4);
      expect(told.map((event) => event.type)).toEqual(['ADDED', 'MODIFIED', 'DELETED', 'ADDED']);
    });

    it('ends a watch quietly after its time, and when its signal fires', async () => {
      const { resourceVersion } = await store.list(configMaps, { namespace });
      const select = { namespace, labelSelector: 'nothing=here', resourceVersion };
      const ended = await eventsUntil(store, configMaps, { ...select, timeoutSeconds: 1 }, () => false);
      expect(ended).toEqual([]);
      const controller = new AbortController();
      const watch = store.watch(configMaps, select, controller.signal)[Symbol.asyncIterator]();
      const next = watch.next();
      controller.abort();
      expect(await next).toEqual({ done: true, value: undefined });
    });

    it('deletes, some time later, what a deleted object owned, and what such an object comes to own', async () => {
      const owner = await store.create(configMaps, configMap(fresh('owner')));
      const other = await store.create(configMaps, configMap(fresh('owner')));
      const reference = ({ metadata: { name, uid } }: typeof owner) => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid });
      const labels = { owned: owner.metadata.name };
      const { resourceVersion } = await store.list(configMaps, { namespace });
      const owned = (ownerReferences: ReturnType<typeof reference>[]) =>
        store.create(configMaps, configMap(fresh('owned'), { labels, ownerReferences }));
      await owned([reference(owner)]);
      const shared = await owned([reference(owner), reference(other)]);
      await store.delete(configMaps, { namespace, name: owner.metadata.name });
      await owned([reference(owner)]);
      const select = { namespace, labelSelector: `owned=${labels.owned}`, resourceVersion };
      await eventsUntil(store, configMaps, select, (events) => events.filter((event) => event.type === 'DELETED').length === 2);
      const left = await store.list(configMaps, { namespace, labelSelector: select.labelSelector });
      expect(left.items.map((item) => item.metadata.name)).toEqual([shared.metadata.name]);
    }, 60_000);

    it('keeps a cache complete, and tells each life of an object apart', async () => {
      const labels = { cached: fresh('cache') };
      const options = { namespace, labelSelector: `cached=${labels.cached}` };
      const [before, later] = [fresh('cached'), fresh('cached')];
      await store.create(configMaps, configMap(before, { labels }));
      const controller = new AbortController();
      const cache = createCache(store, configMaps, options, systemClock, () => 0.5, controller.signal);
      await cache.synced;
      expect(cache.list().map((object) => object.metadata.name)).toEqual([before]);
      const told = new Promise<string[]>((resolve) => {
        const seen: string[] = [];
        cache.onChange((key, change) => {
          seen.push(`${change.type} ${key.name}`);
          expect(cache.get(key)).toEqual(change.type === 'deleted' ? undefined : change.object);
          if (seen.length === 4) resolve(seen);
        });
      });
      await store.create(configMaps, configMap(later, { labels }));
      await store.delete(configMaps, { namespace, name: before });
      await store.create(configMaps, configMap(before, { labels }));
      await store.patchMetadata(configMaps, { namespace, name: before }, { annotations: { a: 'b' } });
      expect(await told).toEqual([`added ${later}`, `deleted ${before}`, `added ${before}`, `modified ${before}`]);
      controller.abort();
      await cache.ended;
    });

    it('follows a resource through watches that the server ends', async () => {
      const labels = { followed: fresh('follow') };
      const names = ['first', 'second', 'third'].map((name) => `${labels.followed}-${name}`);
      let watches = 0;
      const created: Promise<unknown>[] = [];
      // One object for every watch, created while that watch is open.
      const counted: Store = {
        ...store,
        watch: (...call) => {
          const name = names[watches];
          watches += 1;
          if (name !== undefined) created.push(store.create(configMaps, configMap(name, { labels })));
          return store.watch(...call);
        },
      };
      const seen: string[] = [];
      const all = Promise.withResolvers<undefined>();
      const handler = {
        change: ({ type, object }: Change<ConfigMap>) => {
          if (seen.push(`${type} ${object.metadata.name}`) === names.length) all.resolve(undefined);
        },
      };
      const controller = new AbortController();
      const options = { namespace, labelSelector: `followed=${labels.followed}`, timeoutSeconds: 1 };
      const following = listWatch(counted, configMaps, options, handler, systemClock, () => 0, controller.signal);
      await all.promise;
      // The last may be told of before its answer comes.
      await Promise.all(created);
      controller.abort();
      await following;
      expect(seen).toEqual(names.map((name) => `added ${name}`));
      expect(watches).toBe(names.length);
    });
  });
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= run());
}

function taskSpec(generation: number): NodeTaskSpec {
  return {
    node: 'node-a',
    run: { uid: '6f1d7c3e-0000-4000-8000-000000000001', namespace: 'shop', name: 'contract' },
    work: 'preflight',
    instance: '0a1b2c3d',
    generation,
    order: 'apply',
    targets: [],
    checks: [],
    lease: { name: 'contract', seconds: 30 },
    notAfter: '2030-01-01T00:00:00.000Z',
  };
}

function taskStatus(observedGeneration: number): NodeTaskStatus {
  return { observedGeneration, targets: [], residue: 0 };
}
