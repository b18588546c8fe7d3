import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  apiVersion,
  type FaultWork,
  type NodeTask,
  nodeLabel,
  type NodeTaskSpec,
  type NodeTaskStatus,
} from '../../src/api/index.ts';
import type { StoredTask } from '../../src/agent/context.ts';
import type { LeaseObject } from '../../src/agent/lease.ts';
import {
  type AgentEnd,
  type AgentOptions,
  type FoundNamespace,
  type KernelDriver,
  type PodNamespaces,
  runAgent,
} from '../../src/agent/index.ts';
import { halts, leases, nodeTasks } from '../../src/agent/run-agent.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../../src/embedded/index.ts';
import { type Clock, codeOf, formatInstant, systemClock } from '../../src/lib/index.ts';
import { createStore, listWatch, type Store, transportFor } from '../../src/store/index.ts';

const namespace = 'squall-system';
export const instance = '0123abcd';
export const tcpProbeProgram = fileURLToPath(new URL('../../src/probes/tcp-probe/main.ts', import.meta.url));

/** How much faster than the real one the tests' clock runs. */
const rate = 5;

/** A clock that runs fast and can be set forward: sleeps that end meanwhile end at once. */
export type JumpingClock = Clock & { jump(milliseconds: number): void };

export function createJumpingClock(): JumpingClock {
  const start = { wall: systemClock.now(), monotonic: systemClock.monotonic() };
  let offset = 0;
  const sleepers = new Set<() => void>();
  const clock: JumpingClock = {
    now: () => start.wall + clock.monotonic(),
    monotonic: () => (systemClock.monotonic() - start.monotonic) * rate + offset,
    sleep: async (milliseconds, signal) => {
      const until = clock.monotonic() + milliseconds;
      while (clock.monotonic() < until) {
        signal?.throwIfAborted();
        const jumped = new AbortController();
        const wake = () => {
          jumped.abort();
        };
        sleepers.add(wake);
        try {
          await systemClock.sleep(
            (until - clock.monotonic()) / rate,
            signal ? AbortSignal.any([signal, jumped.signal]) : jumped.signal,
          );
        } catch {
          signal?.throwIfAborted();
        } finally {
          sleepers.delete(wake);
        }
      }
    },
    jump: (milliseconds) => {
      offset += milliseconds;
      for (const wake of [...sleepers]) wake();
    },
  };
  return clock;
}

const resources = [nodeTasks, leases, halts].map((resource) => ({ ...resource, status: resource === nodeTasks }));

/** An API server and what an agent needs of a node, in a folder of their own. */
export type Bench = {
  folder: string;
  store: Store;
  clock: JumpingClock;
  /** Pod uid → namespace; delete one, and it is gone. */
  namespaces: Map<string, FoundNamespace>;
  addPod(): string;
  /** Once an agent watches Leases: now, or later. What it finds at its start it does not count on. */
  whenWatched(act: () => Promise<void>): Promise<void>;
  stopServer(): Promise<void>;
  startServer(): Promise<void>;
  startAgent(kernel: KernelDriver, options?: Partial<AgentOptions>): RunningAgent;
  close(): Promise<void>;
};

export type RunningAgent = { stop(): Promise<AgentEnd>; ended: Promise<AgentEnd>; log: string[] };

export async function createBench(): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'squall-agent-'));
  const socket = join(folder, 'api.sock');
  const clock = createJumpingClock();
  const namespaces = new Map<string, FoundNamespace>();
  const agents: RunningAgent[] = [];
  let isWatched = false;
  const postponed: (() => Promise<void>)[] = [];
  const acts: Promise<void>[] = [];
  let server: EmbeddedServer | undefined;
  const store = createStore(transportFor({ socket }));
  const podNamespaces: PodNamespaces = {
    find: (uid) => Promise.resolve(namespaces.get(uid)),
    pathOf: ({ podUid, inode }) => {
      const found = namespaces.get(podUid);
      return Promise.resolve(found?.inode === inode ? found.path : undefined);
    },
    list: () => Promise.resolve([]),
  };
  const bench: Bench = {
    folder,
    store,
    clock,
    namespaces,
    addPod: () => {
      const uid = randomUUID();
      namespaces.set(uid, { path: `/run/netns/squall-${uid}`, inode: 1000 + namespaces.size });
      return uid;
    },
    whenWatched: async (act) => {
      if (isWatched) await act();
      else postponed.push(act);
    },
    startServer: async () => {
      server = await startEmbeddedServer({ database: join(folder, 'store.db'), socket, resources, clock: systemClock });
    },
    stopServer: async () => {
      await server?.close();
      server = undefined;
    },
    startAgent: (kernel, options = {}) => {
      const controller = new AbortController();
      const log: string[] = [];
      const given = options.store ?? store;
      const watch: Store['watch'] = (resource, watchOptions, signal) => {
        if (resource.plural === leases.plural) {
          isWatched = true;
          for (const act of postponed.splice(0)) acts.push(act());
        }
        return given.watch(resource, watchOptions, signal);
      };
      const ended = runAgent({
        node: 'local',
        instance,
        stateFolder: folder,
        kernel,
        clock,
        log: (level, message, facts) => log.push(`${level} ${message} ${JSON.stringify(facts ?? {})}`),
        signal: controller.signal,
        tcpProbeProgram,
        resolveHosts: () => Promise.resolve([]),
        namespaces: podNamespaces,
        ...options,
        store: { ...given, watch },
      });
      const agent: RunningAgent = {
        log,
        ended,
        stop: async () => {
          controller.abort();
          return await ended;
        },
      };
      agents.push(agent);
      return agent;
    },
    close: async () => {
      await Promise.all([...acts, ...agents.map((agent) => agent.stop())]);
      store.close();
      await bench.stopServer();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await bench.startServer();
  return bench;
}

export function faultTask(
  bench: Bench,
  podUids: readonly string[],
  spec: Partial<NodeTaskSpec> = {},
  fault: Partial<FaultWork> = {},
): NodeTask {
  const name = `task-${randomUUID().slice(0, 8)}`;
  return {
    apiVersion,
    kind: 'NodeTask',
    metadata: { name, namespace, labels: { [nodeLabel]: 'local' } },
    spec: {
      node: 'local',
      run: { uid: 'run', namespace: 'shop', name: 'run' },
      work: 'fault',
      instance,
      generation: 1,
      order: 'apply',
      targets: podUids.map((podUid, index) => ({ podUid, namespace: 'shop', name: `pod-${String(index)}`, ips: [] })),
      fault: {
        id: name.replace('-', ''),
        device: 'eth0',
        direction: 'egress',
        effect: { type: 'loss', percent: 30, burst: 1 },
        peers: 'all',
        excluded: [],
        dosePeers: {},
        exposure: [],
        ...fault,
      },
      lease: { name: 'run-lease', seconds: 30 },
      notAfter: formatInstant(bench.clock.now() + 600_000),
      ...spec,
    },
  };
}

/** Creates or renews a Lease; before an agent watches it is put off until one does. */
export async function putLease(bench: Bench, seconds = 30, name = 'run-lease'): Promise<void> {
  await bench.whenWatched(async () => {
    await writeLease(bench, seconds, name);
  });
}

/** @param offMs how far the renewer's clock is off */
export async function writeLease(bench: Bench, seconds: number, name: string, offMs = 0): Promise<void> {
  const spec = { leaseDurationSeconds: seconds, renewTime: formatInstant(bench.clock.now() + offMs) };
  const lease: LeaseObject = { apiVersion: leases.apiVersion, kind: leases.kind, metadata: { name, namespace }, spec };
  try {
    const current = await bench.store.get(leases, { namespace, name });
    await bench.store.update(leases, { ...current, spec });
  } catch (error) {
    if (codeOf(error) !== 'NotFound') throw error;
    await bench.store.create(leases, lease);
  }
}

/** Waits, by watching, until the task's status is as wanted. */
export async function statusUntil(
  bench: Bench,
  task: NodeTask,
  wanted: (status: NodeTaskStatus) => boolean,
): Promise<NodeTaskStatus> {
  const controller = new AbortController();
  let found: NodeTaskStatus | undefined;
  const options = { namespace, fieldSelector: `metadata.name=${task.metadata.name}` };
  const change = ({ object }: { object: StoredTask }) => {
    if (object.status === undefined || !wanted(object.status)) return;
    found = object.status;
    controller.abort();
  };
  await listWatch(bench.store, nodeTasks, options, { change }, systemClock, Math.random, controller.signal);
  if (found === undefined) throw new Error('the watch ended without the wanted status');
  return found;
}

export const phasesAre =
  (...phases: string[]) =>
  (status: NodeTaskStatus): boolean =>
    status.targets.map(({ phase }) => phase).join() === phases.join();

export async function orderUndo(bench: Bench, task: NodeTask): Promise<void> {
  for (;;) {
    const current = await bench.store.get(nodeTasks, { namespace, name: task.metadata.name });
    try {
      await bench.store.update(nodeTasks, { ...current, spec: { ...current.spec, order: 'undo' } });
      return;
    } catch (error) {
      // The agent wrote the status in between.
      if (codeOf(error) !== 'Conflict') throw error;
    }
  }
}

export { nodeTasks };
