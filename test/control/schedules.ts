/** The schedule reconciler on a real embedded API server, with a clock that a test moves and runs that a test ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  apiVersion,
  type ScheduleStatus,
  servedKinds,
  type TickRecord,
  validateObject,
  type Verdict,
} from '../../src/api/index.ts';
import { type ExperimentObject, experiments, schedules, type ScheduleObject } from '../../src/control/index.ts';
import { createScheduleReconciler } from '../../src/control/schedule-reconciler.ts';
import { startEmbeddedServer } from '../../src/embedded/index.ts';
import { type Clock, codeOf, formatInstant, SquallError, systemClock } from '../../src/lib/index.ts';
import { createCache, createStore, type Store, type Stored, transportFor } from '../../src/store/index.ts';

export const key = { namespace: 'shop', name: 'nightly' };
export const start = Date.parse('2026-06-01T10:00:00Z');

/** Where a life of the control process ends: before a run is created or after it, before the status is written or after it. */
export type Cut = 'create' | 'created' | 'status' | 'told';

export type ScheduleWorld = {
  store: Store;
  records: TickRecord[];
  /** Names of all runs that were ever created. */
  created: string[];
  now: () => number;
  moveTo: (instant: number) => void;
  hold: (held: boolean) => void;
  /** Says who halts everything; undefined ends that. */
  halt: (halted: string | undefined) => void;
  define: (spec: Record<string, unknown>) => Promise<Stored<ScheduleObject>>;
  edit: (spec: Record<string, unknown>) => Promise<void>;
  /** One heartbeat. With a cut, that life ends there and another begins. */
  beat: (cut?: Cut) => Promise<void>;
  restart: () => Promise<void>;
  /** What is done once, before the next status is written. */
  beforeStatus: (act: () => Promise<unknown>) => void;
  status: () => Promise<ScheduleStatus | undefined>;
  runs: () => Promise<Stored<ExperimentObject>[]>;
  finish: (name: string, verdict: Verdict) => Promise<void>;
  stop: () => Promise<void>;
};

type Life = { beat: () => Promise<void>; sees: (schedule: Stored<ScheduleObject>) => boolean; end: () => void };

export const template = {
  spec: { duration: '30s', fault: { ref: 'slow' }, hypothesis: [{ name: 'reaches', connectivity: { ref: 'checkout' } }] },
};

export async function startScheduleWorld(): Promise<ScheduleWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'squall-schedules-'));
  const socket = join(folder, 'api.sock');
  let present = start;
  let held = false;
  let halted: string | undefined;
  let armed: Cut | undefined;
  let beforeStatus: (() => Promise<unknown>) | undefined;
  const clock: Clock = { ...systemClock, now: () => present };
  const validate = (object: unknown) => validateObject(object);
  const server = await startEmbeddedServer({
    database: join(folder, 'store.db'),
    socket,
    resources: servedKinds,
    clock,
    validate,
  });
  const store = createStore(transportFor({ socket }));
  const records: TickRecord[] = [];
  const created: string[] = [];
  const cutStore = cuttable(store, (at) => {
    if (armed !== at) return;
    throw new SquallError('Unavailable', `this life ends at '${at}'`);
  });
  let life = await begin();

  async function begin(): Promise<Life> {
    const stopping = new AbortController();
    const caches = {
      schedules: createCache(cutStore, schedules, {}, clock, Math.random, stopping.signal),
      experiments: createCache(cutStore, experiments, {}, clock, Math.random, stopping.signal),
    };
    await Promise.all([caches.schedules.synced, caches.experiments.synced]);
    const onTick = (record: TickRecord): void => {
      records.push(record);
    };
    const reconcile = createScheduleReconciler({
      store: cutStore,
      ...caches,
      clock,
      isHeld: () => held,
      haltedBy: () => halted,
      onTick,
    });
    return {
      beat: async () => {
        await reconcile(key);
      },
      sees: ({ metadata: { resourceVersion } }) => caches.schedules.get(key)?.metadata.resourceVersion === resourceVersion,
      end: () => {
        stopping.abort();
      },
    };
  }

  function cuttable(whole: Store, cut: (at: Cut) => void): Store {
    return {
      ...whole,
      create: async (resource, object, options) => {
        cut('create');
        const made = await whole.create(resource, object, options);
        created.push(made.metadata.name);
        cut('created');
        return made;
      },
      updateStatus: async (resource, object, options) => {
        cut('status');
        const act = beforeStatus;
        beforeStatus = undefined;
        await act?.();
        const written = await whole.updateStatus(resource, object, options);
        cut('told');
        return written;
      },
    };
  }

  async function seen(schedule: Stored<ScheduleObject>): Promise<void> {
    while (!life.sees(schedule)) await systemClock.sleep(1);
  }

  const world: ScheduleWorld = {
    store,
    records,
    created,
    now: () => present,
    moveTo: (instant) => {
      present = instant;
    },
    hold: (value) => {
      held = value;
    },
    halt: (value) => {
      halted = value;
    },
    define: async (spec) => {
      const metadata = { name: key.name, namespace: key.namespace };
      const full = { schedule: '* * * * *', experimentTemplate: template, ...spec };
      const made = await store.create(schedules, { apiVersion, kind: 'NetworkExperimentSchedule', metadata, spec: full });
      await seen(made);
      return made;
    },
    edit: async (spec) => {
      const object = await store.get(schedules, key);
      await seen(await store.update(schedules, { ...object, spec: { ...(object.spec as object), ...spec } }));
    },
    beat: async (cut) => {
      armed = cut;
      try {
        await life.beat();
      } catch (error) {
        if (cut === undefined || codeOf(error) !== 'Unavailable') throw error;
      }
      armed = undefined;
      if (cut !== undefined) await world.restart();
    },
    restart: async () => {
      life.end();
      life = await begin();
    },
    beforeStatus: (act) => {
      beforeStatus = act;
    },
    status: async () => (await store.get(schedules, key)).status,
    runs: async () => (await store.list(experiments, { namespace: key.namespace })).items,
    finish: async (name, verdict) => {
      const object = await store.get(experiments, { namespace: key.namespace, name });
      const endedAt = formatInstant(present);
      // Of a run's status, this is all that a schedule looks at.
      const status = { phase: 'done', verdict, endedAt } as ExperimentObject['status'];
      await store.updateStatus(experiments, { ...object, ...(status ? { status } : {}) });
    },
    stop: async () => {
      life.end();
      store.close();
      await server.close();
      rmSync(folder, { recursive: true });
    },
  };
  return world;
}
