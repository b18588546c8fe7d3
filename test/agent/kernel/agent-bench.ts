/**
 * A real agent process with a real API server and a real kernel: for what happens to a process. The Leases of its runs are renewed all the
 * time, as by a control process that knows of nothing.
 */
import { join } from 'node:path';
import { halts, leases, nodeTasks } from '../../../src/agent/run-agent.ts';
import {
  apiVersion,
  type FaultWork,
  type NodeTask,
  nodeLabel,
  type NodeTaskStatus,
  systemNamespace,
} from '../../../src/api/index.ts';
import { startEmbeddedServer } from '../../../src/embedded/index.ts';
import { codeOf, formatInstant, systemClock } from '../../../src/lib/index.ts';
import { createStore, listWatch, type Store, transportFor } from '../../../src/store/index.ts';
import { addressesOf, createPair, type Pair, type Snapshot, snapshot } from '../../kernel/namespaces.ts';
import { type AgentProcess, endAgent, spawnAgent } from './agent-process.ts';

/** What the kernel is given. */
export const leaseSeconds = 3;
/** Of runs, in seconds: one that an agent must have seen renewed all the time, and one that it may count on for long. */
const runLeases = { short: leaseSeconds, long: 300 } as const;

export type AgentBench = {
  pair: Pair;
  store: Store;
  socket: string;
  /** What tools print of the target before anything was done to it. */
  found: Snapshot;
  /** @param env beside ours; `state` is a folder, absolute */
  startAgent: (options?: { env?: NodeJS.ProcessEnv; state?: string }) => Promise<AgentProcess>;
  startFault: (fault: FaultWork, options?: { lease?: keyof typeof runLeases; notAfterMs?: number }) => Promise<NodeTask>;
  /** As when the control process is gone; nothing is renewed once this resolves. */
  stopRenewing: () => Promise<void>;
  orderUndo: (task: NodeTask) => Promise<void>;
  /** Waits, by watching, until the task's status is as wanted. */
  statusUntil: (task: NodeTask, wanted: (status: NodeTaskStatus) => boolean) => Promise<NodeTaskStatus>;
  /** Told to stop, as by SIGTERM, and waited for. */
  endAgents: () => Promise<void>;
  dispose: () => Promise<void>;
};

const resources = [nodeTasks, leases, halts].map((resource) => ({ ...resource, status: resource === nodeTasks }));
const longestWaitMs = 40_000;

/** @param wallClock of the machine that the control process is on */
export async function createAgentBench(wallClock = () => Date.now()): Promise<AgentBench> {
  const pair = await createPair();
  const found = await snapshot(pair.target);
  const socket = join(pair.stateFolder, 'api.sock');
  const server = await startEmbeddedServer({
    database: join(pair.stateFolder, 'store.db'),
    socket,
    resources,
    clock: systemClock,
  });
  const store = createStore(transportFor({ socket }));
  const keeping = new AbortController();
  const kept = Promise.all(Object.entries(runLeases).map((lease) => keepLease(store, lease, wallClock, keeping.signal)));
  const agents: AgentProcess[] = [];
  const stopRenewing = async () => {
    keeping.abort();
    await kept;
  };
  const endAgents = async () => {
    for (const agent of agents) await endAgent(agent);
  };
  const keyOf = ({ metadata: { name } }: NodeTask) => ({ namespace: systemNamespace, name });
  return {
    pair,
    store,
    socket,
    found,
    startAgent: async ({ env = {}, state = pair.stateFolder } = {}) => {
      const args = ['--socket', socket, '--node', 'local', '--instance', pair.instance, '--state', state];
      const agent = spawnAgent(args, env);
      agents.push(agent);
      await agent.said('"swept"');
      return agent;
    },
    startFault: async (fault, { lease = 'short', notAfterMs = 300_000 } = {}) =>
      await store.create(nodeTasks, taskOf(pair, fault, lease, wallClock() + notAfterMs)),
    stopRenewing,
    orderUndo: async (task) => {
      for (;;) {
        const current = await store.get(nodeTasks, keyOf(task));
        try {
          await store.update(nodeTasks, { ...current, spec: { ...current.spec, order: 'undo' } });
          return;
        } catch (error) {
          // The agent wrote the status in between.
          if (codeOf(error) !== 'Conflict') throw error;
        }
      }
    },
    statusUntil: async (task, wanted) => {
      const seen = new AbortController();
      let status: NodeTaskStatus | undefined;
      const change = ({ object }: { object: NodeTask }) => {
        if (seen.signal.aborted) return;
        status = object.status;
        if (status !== undefined && wanted(status)) seen.abort();
      };
      const signal = AbortSignal.any([seen.signal, AbortSignal.timeout(longestWaitMs)]);
      const options = { fieldSelector: `metadata.name=${task.metadata.name}` };
      await listWatch(store, nodeTasks, options, { change }, systemClock, Math.random, signal);
      if (seen.signal.aborted && status !== undefined) return status;
      const logs = agents.flatMap(({ log }) => log).join('\n');
      throw new Error(`${task.metadata.name} is ${JSON.stringify(status)} after ${String(longestWaitMs)} ms\n${logs}`);
    },
    endAgents,
    dispose: async () => {
      await endAgents();
      await stopRenewing();
      store.close();
      await server.close();
      await pair.dispose();
    },
  };
}

/** Stands for the control process. */
async function keepLease(
  store: Store,
  [name, seconds]: [string, number],
  wallClock: () => number,
  signal: AbortSignal,
): Promise<void> {
  const key = { namespace: systemNamespace, name };
  while (!signal.aborted) {
    const spec = { leaseDurationSeconds: seconds, renewTime: formatInstant(wallClock()) };
    try {
      await store.update(leases, { ...(await store.get(leases, key)), spec });
    } catch (error) {
      if (codeOf(error) !== 'NotFound') throw error;
      await store.create(leases, { apiVersion: leases.apiVersion, kind: leases.kind, metadata: key, spec });
    }
    await systemClock.sleep((leaseSeconds * 1000) / 3, signal).catch(() => undefined);
  }
}

function taskOf({ instance, podUid }: Pair, fault: FaultWork, lease: string, notAfter: number): NodeTask {
  return {
    apiVersion,
    kind: 'NodeTask',
    metadata: { name: `task-${fault.id}`, namespace: systemNamespace, labels: { [nodeLabel]: 'local' } },
    spec: {
      node: 'local',
      run: { uid: 'run', namespace: 'shop', name: 'run' },
      work: 'fault',
      instance,
      generation: 1,
      order: 'apply',
      targets: [{ podUid, namespace: 'shop', name: 'target', ips: addressesOf(1) }],
      fault,
      lease: { name: lease, seconds: leaseSeconds },
      notAfter: formatInstant(notAfter),
    },
  };
}

export const phaseIs =
  (phase: string) =>
  ({ targets }: NodeTaskStatus): boolean =>
    targets.every((target) => target.phase === phase);
