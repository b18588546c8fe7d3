/** Agents to be measured: one in this process on a real API server, and the real process while it has nothing to do. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type KernelDriver, runAgent } from '../../src/agent/index.ts';
import { halts, leases, nodeTasks } from '../../src/agent/run-agent.ts';
import { apiVersion, type NodeTask, type NodeTaskStatus, nodeLabel } from '../../src/api/index.ts';
import { startEmbeddedServer } from '../../src/embedded/index.ts';
import { codeOf, formatInstant, systemClock } from '../../src/lib/index.ts';
import { createStore, type Store, transportFor } from '../../src/store/index.ts';
import { benchFault } from './fault.ts';

export const benchInstance = 'be9c4be9';
const namespace = 'squall-system';
const key = { namespace, name: 'bench' };
const program = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export type ServerFolder = { folder: string; socket: string; store: Store; close: () => Promise<void> };

const agentResources = [nodeTasks, leases, halts].map((resource) => ({ ...resource, status: resource === nodeTasks }));

export async function startServer(
  resources: Parameters<typeof startEmbeddedServer>[0]['resources'] = agentResources,
): Promise<ServerFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'squall-bench-'));
  const socket = join(folder, 'api.sock');
  const server = await startEmbeddedServer({ database: join(folder, 'store.db'), socket, resources, clock: systemClock });
  const store = createStore(transportFor({ socket }));
  const close = async () => {
    store.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { folder, socket, store, close };
}

export type TaskTimes = { activeMs: number; closedMs: number; undoneMs: number };

/** From the order to the last target, as the agent's status tells: fault active, gate closed, everything undone. */
export async function timeTask(
  paths: readonly string[],
  createKernel: (stateFolder: string) => Promise<KernelDriver>,
): Promise<TaskTimes> {
  const { folder, store, close } = await startServer();
  const stop = new AbortController();
  const watching = Promise.withResolvers<undefined>();
  // A Lease that the agent only finds does not count before it is renewed, which nobody does here.
  const watch: Store['watch'] = (resource, options, signal) => {
    if (resource.plural === leases.plural) watching.resolve(undefined);
    return store.watch(resource, options, signal);
  };
  const agent = runAgent({
    store: { ...store, watch },
    node: 'local',
    instance: benchInstance,
    stateFolder: folder,
    kernel: await createKernel(folder),
    clock: systemClock,
    log: () => undefined,
    signal: stop.signal,
    tcpProbeProgram: program('dist/tcp-probe.js'),
    resolveHosts: () => Promise.resolve([]),
    namespaces: {
      find: async (podUid) => {
        const path = paths[Number(podUid)] ?? '';
        return { path, inode: (await stat(path)).ino };
      },
      pathOf: ({ path }) => Promise.resolve(path),
      list: () => Promise.resolve([]),
    },
  });
  try {
    await watching.promise;
    const lease = { leaseDurationSeconds: 60, renewTime: formatInstant(systemClock.now()) };
    await store.create(leases, {
      apiVersion: leases.apiVersion,
      kind: leases.kind,
      metadata: { ...key, name: 'run' },
      spec: lease,
    });
    const orderedAt = Date.now();
    await store.create(nodeTasks, delayTask(paths.length));
    const active = await untilTargets(store, ({ phase }) => phase === 'Active');
    const undoAt = await orderUndo(store);
    const clean = await untilTargets(store, ({ phase }) => phase === 'Clean');
    const last = (status: NodeTaskStatus, field: 'activeAt' | 'cleanAt' | 'undoneAt') =>
      Math.max(...status.targets.map((target) => Date.parse(target[field] ?? '')));
    return {
      activeMs: last(active, 'activeAt') - orderedAt,
      closedMs: last(clean, 'cleanAt') - undoAt,
      undoneMs: last(clean, 'undoneAt') - undoAt,
    };
  } finally {
    stop.abort();
    await agent;
    await close();
  }
}

function delayTask(count: number): NodeTask {
  return {
    apiVersion,
    kind: 'NodeTask',
    metadata: { ...key, labels: { [nodeLabel]: 'local' } },
    spec: {
      node: 'local',
      run: { uid: 'bench', namespace: 'bench', name: 'bench' },
      work: 'fault',
      instance: benchInstance,
      generation: 1,
      order: 'apply',
      targets: Array.from({ length: count }, (_, index) => ({
        podUid: String(index),
        namespace: 'bench',
        name: `target-${String(index)}`,
        ips: [],
      })),
      fault: benchFault,
      lease: { name: 'run', seconds: 60 },
      notAfter: formatInstant(systemClock.now() + 600_000),
    },
  };
}

async function untilTargets(
  store: Store,
  wanted: (target: NodeTaskStatus['targets'][number]) => boolean,
): Promise<NodeTaskStatus> {
  for (;;) {
    const { status } = await store.get(nodeTasks, key);
    const bad = status?.targets.find(({ phase }) => phase === 'Refused' || phase === 'Lost');
    if (bad !== undefined) throw new Error(`target ${bad.podUid} is ${bad.phase}: ${String(bad.message)}`);
    if (status?.targets.every(wanted) === true) return status;
    await sleep(200);
  }
}

async function orderUndo(store: Store): Promise<number> {
  for (;;) {
    const current = await store.get(nodeTasks, key);
    const orderedAt = Date.now();
    try {
      await store.update(nodeTasks, { ...current, spec: { ...current.spec, order: 'undo' } });
      return orderedAt;
    } catch (error) {
      if (codeOf(error) !== 'Conflict') throw error;
    }
  }
}

export type IdleAgent = { rssMb: number; cpuPercent: number; seconds: number };

/** Starts the packaged agent on a server without tasks, and hands it over once it says that it has swept, with that line. */
export async function withAgent<T>(
  { folder, socket }: ServerFolder,
  work: (agent: { pid: number; swept: string }) => Promise<T>,
): Promise<T> {
  const args = ['--socket', socket, '--node', 'local', '--instance', benchInstance, '--state', folder];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program('dist/agent.js'), ...args], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  try {
    let swept = '';
    for await (const line of createInterface({ input: child.stderr })) {
      swept = line;
      if (line.includes('"swept"')) break;
    }
    child.stderr.resume();
    return await work({ pid: child.pid ?? 0, swept });
  } finally {
    const exited = child.exitCode === null ? once(child, 'exit') : undefined;
    child.kill('SIGTERM');
    await exited;
  }
}

/** The packaged agent with an API server and no tasks. */
export async function measureIdleAgent(seconds: number): Promise<IdleAgent> {
  const server = await startServer();
  try {
    return await withAgent(server, async ({ pid }) => {
      await sleep(2000);
      const before = await readProcess(pid);
      await sleep(seconds * 1000);
      const after = await readProcess(pid);
      return { seconds, rssMb: after.rssMb, cpuPercent: (100 * (after.cpuSeconds - before.cpuSeconds)) / seconds };
    });
  } finally {
    await server.close();
  }
}

/** Clock ticks a second, as the kernel tells programs (USER_HZ); the same on every machine that Node runs on. */
const ticksPerSecond = 100;
export const millisecondsPerTick = 1000 / ticksPerSecond;

export async function readProcess(pid: number): Promise<{ rssMb: number; cpuSeconds: number }> {
  const [facts, memory] = await Promise.all([
    readFile(`/proc/${String(pid)}/stat`, 'utf8'),
    readFile(`/proc/${String(pid)}/status`, 'utf8'),
  ]);
  const fields = facts.slice(facts.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { cpuSeconds: ticks / ticksPerSecond, rssMb: Number(/VmRSS:\s+(\d+)/.exec(memory)?.[1]) / 1024 };
}
