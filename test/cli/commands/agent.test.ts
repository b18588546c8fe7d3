/**
 * `squall agent` as a DaemonSet runs it: a process of its own, over a kubeconfig and TCP, in namespaces of real processes. The embedded
 * API server stands behind the connection; test/cluster has a real one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  apiVersion,
  coreKinds,
  type NodeTask,
  nodeLabel,
  type NodeTaskStatus,
  servedKinds,
  systemNamespace,
} from '../../../src/api/index.ts';
import { clusterInstance } from '../../../src/cluster/index.ts';
import { nodeTasks } from '../../../src/control/index.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../../../src/embedded/index.ts';
import { formatInstant, systemClock } from '../../../src/lib/index.ts';
import { createStore, type Store, transportFor } from '../../../src/store/index.ts';
import { canMakePods, createNodePod, type NodePod } from '../../agent/namespaces/processes/pods.ts';
import { command } from '../../kernel/namespaces.ts';
import { eventually } from '../serve/process.ts';
import { squall } from '../squall.ts';

/** A whole program is started from its sources, beside whatever else this machine has to do. */
const patience = { timeout: 120_000 };
const program = join(import.meta.dirname, '../../../src/cli/main.ts');

describe.skipIf(!canMakePods)('squall agent', () => {
  let folder: string;
  let server: EmbeddedServer;
  let bridge: Server;
  const clients = new Set<Socket>();
  let store: Store;
  let pod: NodePod;
  let namespaceName: string;
  let instance: string;
  let agent: ChildProcess | undefined;
  let log: string[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'squall-node-agent-'));
    log = [];
    const socket = join(folder, 'api.sock');
    server = await startEmbeddedServer({
      database: join(folder, 'store.db'),
      socket,
      resources: servedKinds,
      clock: systemClock,
    });
    store = createStore(transportFor({ socket }));
    bridge = createServer((client) => {
      clients.add(client);
      client.on('close', () => clients.delete(client));
      const upstream = connect(socket);
      client.pipe(upstream).pipe(client);
      client.on('error', () => upstream.destroy());
      upstream.on('error', () => client.destroy());
    });
    bridge.listen(0, '127.0.0.1');
    await once(bridge, 'listening');
    const url = `http://127.0.0.1:${String((bridge.address() as AddressInfo).port)}`;
    writeFileSync(join(folder, 'kubeconfig'), kubeconfig(url));
    await store.create(coreKinds.Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } });
    instance = await clusterInstance(store);
    pod = createNodePod();
    namespaceName = `cni-${randomUUID()}`;
    await command('ip', ['netns', 'add', namespaceName]);
    await command('ip', ['-n', namespaceName, 'link', 'set', 'lo', 'up']);
  });
  afterEach(async () => {
    if (agent?.exitCode === null && agent.signalCode === null) {
      const exited = once(agent, 'exit');
      agent.kill('SIGKILL');
      await exited;
    }
    await pod.dispose();
    await command('ip', ['netns', 'del', namespaceName]);
    store.close();
    cutOff();
    await server.close();
    rmSync(folder, { recursive: true });
  });

  /** As if the API server were gone: nobody listens any more. */
  function cutOff(): void {
    bridge.close();
    for (const client of clients) client.destroy();
  }

  function startAgent(): ChildProcess {
    const args = ['--node', 'node-a', '--kubeconfig', join(folder, 'kubeconfig'), '--state', join(folder, 'state')];
    agent = spawn(process.execPath, ['--no-warnings', program, 'agent', ...args, '--listen', '127.0.0.1:0'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    if (agent.stderr !== null) createInterface({ input: agent.stderr }).on('line', (line) => log.push(line));
    return agent;
  }
  const logged = async (message: string) =>
    await eventually(`'${message}' in the log`, () => {
      const entries = log.map((line) => JSON.parse(line) as Record<string, unknown>);
      return entries.find((entry) => entry.message === message);
    });

  function probeTask(node: string): NodeTask {
    const id = randomUUID().slice(0, 8);
    return {
      apiVersion,
      kind: 'NodeTask',
      metadata: { name: `task-${id}`, namespace: systemNamespace, labels: { [nodeLabel]: node } },
      spec: {
        node,
        run: { uid: 'run', namespace: 'shop', name: 'run' },
        work: 'probe',
        instance,
        generation: 1,
        order: 'apply',
        targets: [{ podUid: pod.uid, namespace: 'shop', name: 'checkout', ips: [] }],
        probe: {
          streams: [
            {
              id: 'ping',
              hypothesis: 'h',
              podUid: pod.uid,
              protocol: 'icmp',
              address: '127.0.0.1',
              periodMs: 20,
              timeoutMs: 500,
              count: 10,
            },
          ],
        },
        lease: { name: 'run-lease', seconds: 30 },
        notAfter: formatInstant(Date.now() + 120_000),
      },
    };
  }
  const statusOf = async ({ metadata }: NodeTask): Promise<NodeTaskStatus | undefined> =>
    (await store.get(nodeTasks, metadata)).status;

  it("does its node's tasks in the namespaces of pods, says that it is well, and ends when it is told to", patience, async () => {
    await pod.startContainer(`/run/netns/${namespaceName}`);
    const [mine, others] = [probeTask('node-a'), probeTask('node-b')];
    for (const task of [mine, others]) await store.create(nodeTasks, task);
    const running = startAgent();
    expect(await logged('started')).toMatchObject({ node: 'node-a', instance, namespaces: 'processes' });
    const status = await eventually('the end of the probe', async () => {
      const now = await statusOf(mine);
      return now?.targets[0]?.phase === 'Clean' ? now : undefined;
    });
    expect(status.aggregates?.ping?.reduce((sum, { sent }) => sum + sent, 0)).toBe(10);
    expect(await statusOf(others)).toBeUndefined();

    const { address } = await logged('metrics and health are served');
    const ask = async (path: string) => await fetch(`http://${String(address)}${path}`);
    expect((await ask('/healthz')).status).toBe(200);
    await eventually('readiness', async () => ((await ask('/readyz')).ok ? true : undefined));
    expect(await (await ask('/metrics')).text()).toMatch(/^squall_agent_residue 0$/m);
    const heartbeat = await store.get(coreKinds.Lease, { namespace: systemNamespace, name: 'squall-agent-node-a' });
    expect(heartbeat.metadata.labels).toEqual({ [nodeLabel]: 'node-a' });

    running.kill('SIGTERM');
    expect(await once(running, 'exit')).toEqual([0, null]);
  });

  it(
    'is alive, but not ready, while the API server is away, and when it starts then it sweeps by what it remembers',
    patience,
    async () => {
      const first = startAgent();
      const isReady = async (address: unknown) => (await fetch(`http://${String(address)}/readyz`)).ok;
      const { address } = await logged('metrics and health are served');
      await eventually('readiness', async () => ((await isReady(address)) ? true : undefined));
      const { port } = bridge.address() as AddressInfo;
      cutOff();
      await eventually('a server that is missed', async () => ((await isReady(address)) ? undefined : true));
      expect(await (await fetch(`http://${String(address)}/readyz`)).json()).toMatchObject({
        reasons: [{ reason: 'StoreSilent' }],
      });
      expect((await fetch(`http://${String(address)}/healthz`)).ok).toBe(true);
      first.kill('SIGKILL');
      await once(first, 'exit');

      log.length = 0;
      startAgent();
      expect(await logged('started')).toMatchObject({ instance });
      expect(await logged('swept')).toMatchObject({ residue: 0 });
      const indexOf = (message: string) => log.findIndex((line) => line.includes(message));
      expect(indexOf('"swept"')).toBeLessThan(indexOf('the cluster did not say its instance id'));
      bridge.listen(port, '127.0.0.1');
      const again = await logged('metrics and health are served');
      await eventually('readiness', async () => ((await isReady(again.address)) ? true : undefined));
    },
  );
});

describe('squall agent with arguments that are wrong', () => {
  it.each([
    ['--node', ['--node', '../a'], /--node is '..\/a'; expected a Kubernetes object name/],
    ['--instance', ['--node', 'a', '--instance', 'x'], /--instance is 'x'; expected 8 hexadecimal characters/],
    ['--namespaces', ['--node', 'a', '--namespaces', 'guess'], /Allowed choices are processes, named/],
    ['--listen', ['--node', 'a', '--listen', 'everywhere'], /--listen: expected an address/],
    ['no --node', [], /required option '--node <name>' not specified/],
  ])('refuses %s', patience, async (_, args, message) => {
    const { code, stderr } = await squall('agent', ...args, '--kubeconfig', '/nonexistent', '--state', '/nonexistent');
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});

/** Plain http needs insecure-skip-tls-verify. */
function kubeconfig(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'agent', user: {} }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'agent' } }],
    'current-context': 'test',
  });
}
