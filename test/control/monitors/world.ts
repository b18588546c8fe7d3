/** The monitors' reconcilers on a real embedded API server, with an observer that says what a test tells it to and a clock that a test moves. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apiVersion, type MonitorStatus, servedKinds } from '../../../src/api/index.ts';
import {
  type ExperimentObject,
  experiments,
  type MonitorObject,
  monitors,
  type MonitorsOptions,
  type NotificationObject,
  notifications,
  runMonitors,
} from '../../../src/control/index.ts';
import { statusOf } from '../../../src/control/run-status.ts';
import { startEmbeddedServer } from '../../../src/embedded/index.ts';
import { initialState, type RunState } from '../../../src/experiment/index.ts';
import { type Clock, codeOf, SquallError, systemClock } from '../../../src/lib/index.ts';
import type {
  AgentView,
  NetworkCrossing,
  NetworkObserver,
  Subscription,
  SubscriptionView,
} from '../../../src/observers/index.ts';
import { createStore, type Store, type Stored, transportFor } from '../../../src/store/index.ts';
import { monitor as monitorSpec, shaper } from '../../api/samples.ts';

export const start = Date.parse('2026-06-01T10:00:00Z');
export const key = { namespace: 'shop', name: 'traffic' };
export const id = 'shop/traffic';

export type ManualClock = Clock & { advance: (milliseconds: number) => void };

/** Time stands still but where a test moves it. */
export function createManualClock(): ManualClock {
  let elapsed = 0;
  const sleepers = new Set<{ at: number; wake: () => void }>();
  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { at: elapsed + milliseconds, wake: resolve };
        const abort = () => {
          sleepers.delete(sleeper);
          reject(new Error('aborted'));
        };
        if (signal?.aborted === true) abort();
        else sleepers.add(sleeper);
        signal?.addEventListener('abort', abort, { once: true });
      }),
    advance: (milliseconds) => {
      elapsed += milliseconds;
      for (const sleeper of [...sleepers]) {
        if (sleeper.at > elapsed) continue;
        sleepers.delete(sleeper);
        sleeper.wake();
      }
    },
  };
}

export type ScriptedObserver = NetworkObserver & {
  /** What it watches now, by id. */
  watched: Map<string, Subscription>;
  puts: Subscription[];
  removed: string[];
  isClosed: boolean;
  /** What differs from a view in which all is quiet. */
  said: (subscription: Subscription) => Partial<SubscriptionView>;
  /** Before it answers to a view or an order. */
  before: { view: () => Promise<void>; put: (subscription: Subscription) => Promise<void> };
  cross: (crossing: Partial<NetworkCrossing>) => void;
};

export function agentView(changes: Partial<AgentView> = {}): AgentView {
  return {
    ...{
      agent: '10.0.0.1',
      subAgent: 0,
      datagrams: 10,
      datagramsPerSecond: 1,
      samplesPerSecond: 7,
      lost: 0,
      late: 0,
      restarts: 0,
    },
    ...{ malformed: 0, sampleDrops: 0, signal: 'good', lastDatagramAt: start, pollingMs: 30_000, samplingRate: 64 },
    ...changes,
  };
}

export function crossingWith(changes: Partial<NetworkCrossing> = {}): NetworkCrossing {
  return {
    ...{ subscription: id, threshold: 'ddos', flow: '10.0.0.2,10.0.0.3', value: 612.34567, limit: 100, agent: '10.0.0.1' },
    ...{ dataSource: '2:1000', samples: 24, errorPercent: 40.0123, eventId: 0, observerStartedAt: start - 5000, at: start + 10 },
    ...changes,
  };
}

export function quietView({ flows, thresholds, armings }: Subscription, at: number): SubscriptionView {
  const quiet = { state: 'quiet' as const, message: '' };
  return {
    at,
    agents: [agentView()],
    flows: flows.map(({ name }) => ({
      name,
      size: 1,
      top: [{ key: 'a,b', value: 12.34567, agent: '10.0.0.1', dataSource: '2:1' }],
    })),
    thresholds: thresholds.map(({ name, value }) => ({ ...quiet, name, value: 12.34567, flow: 'a,b', limit: value })),
    armings: armings.flatMap(({ run, thresholds: names }) =>
      names.map((threshold) => ({ ...quiet, run, threshold, limit: thresholds.find(({ name }) => name === threshold)?.value })),
    ),
    traffic: [],
  };
}

export function createScriptedObserver(clock: Pick<Clock, 'now'>, name = 'collector'): ScriptedObserver {
  const listeners = new Set<(crossing: NetworkCrossing) => void>();
  const observer: ScriptedObserver = {
    name,
    watched: new Map(),
    puts: [],
    removed: [],
    isClosed: false,
    said: () => ({}),
    before: { view: () => Promise.resolve(), put: () => Promise.resolve() },
    put: async (subscription) => {
      await observer.before.put(subscription);
      observer.puts.push(subscription);
      observer.watched.set(subscription.id, subscription);
    },
    remove: async (of) => {
      await Promise.resolve();
      observer.removed.push(of);
      observer.watched.delete(of);
    },
    view: async (of) => {
      await observer.before.view();
      const subscription = observer.watched.get(of);
      return subscription && { ...quietView(subscription, clock.now()), ...observer.said(subscription) };
    },
    onCrossing: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    close: async () => {
      await Promise.resolve();
      observer.isClosed = true;
    },
    cross: (crossing) => {
      for (const listener of listeners) listener(crossingWith({ at: clock.now(), ...crossing }));
    },
  };
  return observer;
}

export type MonitorWorld = {
  store: Store;
  clock: ManualClock;
  collector: ScriptedObserver;
  sflowRts: { endpoint: { ip: string; port: number }; observer: ScriptedObserver }[];
  /** How often the collector was opened. */
  opened: number;
  /** What opening it rejects with. */
  collectorError: Error | undefined;
  /** How often nobody wanted a collector any more that could not be opened. */
  unwanted: number;
  /** No client of an sFlow-RT is made. */
  endpointError: Error | undefined;
  errors: { key: string; error: unknown }[];
  crossings: NetworkCrossing[];
  /** Statuses that were written, oldest first. */
  written: MonitorStatus[];
  /** What happens before the next write of a status, once. */
  beforeWrite: (() => Promise<unknown>) | undefined;
  define: (spec?: object, name?: string) => Promise<Stored<MonitorObject>>;
  edit: (spec: object) => Promise<void>;
  /** Creates a run that the monitor may abort, with a status in that phase. */
  arm: (options?: Partial<{ name: string; thresholds: string[]; ips: string[] }>) => Promise<Stored<ExperimentObject>>;
  enter: (name: string, run: Partial<RunState>) => Promise<void>;
  status: () => Promise<MonitorStatus | undefined>;
  until: (holds: (status: MonitorStatus) => boolean) => Promise<MonitorStatus>;
  notifications: () => Promise<Stored<NotificationObject>[]>;
  /** @param prepare the collector of the next life, before it is asked anything */
  restart: (prepare?: (collector: ScriptedObserver) => void) => Promise<void>;
  stop: () => Promise<void>;
};

export async function startMonitorWorld(): Promise<MonitorWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'squall-monitors-'));
  const socket = join(folder, 'api.sock');
  const server = await startEmbeddedServer({
    database: join(folder, 'store.db'),
    socket,
    resources: servedKinds,
    clock: systemClock,
  });
  const store = createStore(transportFor({ socket }));
  const clock = createManualClock();
  let life = { stopping: new AbortController(), ended: Promise.resolve() };

  const watchedStore: Store = {
    ...store,
    updateStatus: async (resource, object, options) => {
      const act = world.beforeWrite;
      world.beforeWrite = undefined;
      await act?.();
      const result = await store.updateStatus(resource, object, options);
      const { status } = result as unknown as MonitorObject;
      if (resource.kind === monitors.kind && status !== undefined) world.written.push(status);
      return result;
    },
  };
  const options: MonitorsOptions = {
    store: watchedStore,
    clock,
    random: () => 0,
    onError: (of, error) => {
      world.errors.push({ key: of, error });
    },
    openCollector: async () => {
      await Promise.resolve();
      world.opened += 1;
      if (world.collectorError !== undefined) throw world.collectorError;
      return world.collector;
    },
    onCollectorUnwanted: () => {
      world.unwanted += 1;
    },
    openSflowRt: (endpoint) => {
      if (world.endpointError !== undefined) throw world.endpointError;
      const observer = createScriptedObserver(clock, endpoint.ip);
      world.sflowRts.push({ endpoint, observer });
      return observer;
    },
    onCrossing: (crossing) => {
      world.crossings.push(crossing);
    },
  };
  function begin(prepare: (collector: ScriptedObserver) => void = () => undefined): void {
    const stopping = new AbortController();
    world.collector = createScriptedObserver(clock);
    prepare(world.collector);
    life = { stopping, ended: runMonitors(options, stopping.signal) };
  }

  const statusOfRun = (run: Partial<RunState>, ips: readonly string[]) => {
    const parts = { generation: 1, seed: 'seed', targets: [], addresses: [...ips], faultTasks: [] };
    return statusOf({ ...initialState(clock.now()), ...run }, parts, [], clock.now());
  };
  const runKey = (name: string) => ({ namespace: 'shop', name });

  const world: MonitorWorld = {
    ...{
      store,
      clock,
      sflowRts: [],
      opened: 0,
      unwanted: 0,
      collectorError: undefined,
      endpointError: undefined,
      errors: [],
      crossings: [],
      written: [],
    },
    collector: createScriptedObserver(clock),
    beforeWrite: undefined,
    define: async (spec = monitorSpec, name = key.name) =>
      await store.create(monitors, { apiVersion, kind: 'NetworkMonitor', metadata: { name, namespace: key.namespace }, spec }),
    edit: async (spec) => {
      for (;;) {
        const object = await store.get(monitors, key);
        const result = await store.update(monitors, { ...object, spec }).catch((error: unknown) => error);
        if (!(result instanceof SquallError)) return;
        if (codeOf(result) !== 'Conflict') throw result;
      }
    },
    arm: async ({ name = 'run', thresholds = ['ddos'], ips = [] } = {}) => {
      const abort = thresholds.map((threshold) => ({ monitor: { ref: key.name, threshold } }));
      const spec = { duration: '20s', before: '5s', fault: shaper, abort };
      const created = await store.create(experiments, { apiVersion, kind: 'NetworkExperiment', metadata: runKey(name), spec });
      return await store.updateStatus(experiments, { ...created, status: statusOfRun({ phase: 'preflight' }, ips) });
    },
    enter: async (name, run) => {
      const object = await store.get(experiments, runKey(name));
      await store.updateStatus(experiments, { ...object, status: statusOfRun(run, object.status?.addresses ?? []) });
    },
    status: async () => (await store.get(monitors, key)).status,
    until: async (holds) => {
      for (;;) {
        const status = await world.status();
        if (status !== undefined && holds(status)) return status;
        await systemClock.sleep(5);
      }
    },
    notifications: async () => (await store.list(notifications)).items,
    restart: async (prepare) => {
      life.stopping.abort();
      await life.ended;
      begin(prepare);
    },
    stop: async () => {
      life.stopping.abort();
      await life.ended;
      store.close();
      await server.close();
      rmSync(folder, { recursive: true });
    },
  };
  begin();
  return world;
}
