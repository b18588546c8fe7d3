/**
 * Stands for a node of the cluster, in a guest machine: does for its pods what a kubelet and a container runtime do (a network namespace,
 * an address, processes in the pod's cgroup, the status), and runs the real agent beside them. The cluster tells it what to do: pods
 * with its name, and an annotation of its Node that says whether the agent is to run.
 */
import { spawn } from 'node:child_process';
import { connectToCluster } from '../../../../src/cluster/index.ts';
import { nodes, pods } from '../../../../src/control/index.ts';
import { formatInstant, messageOf, systemClock } from '../../../../src/lib/index.ts';
import { createStore, listWatch } from '../../../../src/store/index.ts';
import { startBridge, startSandbox } from './sandbox.ts';
import { agentAnnotation, type Sandbox, sandboxMark } from './words.ts';

const [node = '', kubeconfig = '', agentKubeconfig = '', program = '', stateFolder = ''] = process.argv.slice(2);
const { transport } = await connectToCluster({ kubeconfig });
const store = createStore(transport);
const stopping = new AbortController();
process.on('SIGTERM', () => {
  stopping.abort();
});
const trouble = (error: unknown): void => {
  console.log(`node: ${messageOf(error)}`);
};

await startBridge();
const sandboxes = new Map<string, { pod: string; sandbox: Awaited<ReturnType<typeof startSandbox>> }>();
let made = 0;

async function startPod(pod: { metadata: { uid: string; name: string; namespace?: string } }): Promise<void> {
  const { uid, name, namespace } = pod.metadata;
  const sandbox = await startSandbox(uid, (made += 1));
  const current = await store.get(pods, { namespace, name });
  const podIPs = [{ ip: sandbox.address }];
  await store.updateStatus(pods, { ...current, status: { phase: 'Running', podIP: sandbox.address, podIPs } });
  sandboxes.set(uid, { pod: `${namespace ?? ''}/${name}`, sandbox });
}

/** What is in the pods' network namespaces, told when it changes, and not by way of the API server: tests want to know it without one. */
async function tellSandboxes(): Promise<void> {
  const told = new Map<string, string>();
  while (!stopping.signal.aborted) {
    for (const [uid, { pod, sandbox }] of sandboxes) {
      const state = await sandbox.state().catch(() => undefined);
      if (state === undefined || told.get(uid) === JSON.stringify(state)) continue;
      told.set(uid, JSON.stringify(state));
      const seen: Sandbox = { pod, at: formatInstant(Date.now()), ...state };
      console.log(`${sandboxMark}${JSON.stringify(seen)}`);
    }
    await systemClock.sleep(500);
  }
}

let agent: ReturnType<typeof spawn> | undefined;
function orderAgent(order: string | undefined): void {
  if (order === 'run' && agent === undefined) {
    const args = ['agent', '--node', node, '--kubeconfig', agentKubeconfig, '--state', stateFolder, '--listen', 'none'];
    agent = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
  } else if (order === 'killed' && agent !== undefined) {
    agent.kill('SIGKILL');
    agent = undefined;
  }
}

await Promise.all([
  tellSandboxes().catch(trouble),
  listWatch(
    store,
    nodes,
    { fieldSelector: `metadata.name=${node}` },
    {
      change: ({ type, object }) => {
        if (type !== 'deleted') orderAgent(object.metadata.annotations?.[agentAnnotation]);
      },
      trouble,
    },
    systemClock,
    Math.random,
    stopping.signal,
  ),
  listWatch(
    store,
    pods,
    { fieldSelector: `spec.nodeName=${node}` },
    {
      change: ({ type, object }) => {
        const { uid } = object.metadata;
        if (type === 'added' && object.metadata.namespace !== 'squall-system') startPod(object).catch(trouble);
        if (type !== 'deleted') return;
        sandboxes.get(uid)?.sandbox.end();
        sandboxes.delete(uid);
      },
      synced: () => {
        console.log('node: ready');
      },
      trouble,
    },
    systemClock,
    Math.random,
    stopping.signal,
  ),
]);
process.exit(0);
