/**
 * What experiments cost on a cluster: a real API server and a real operator, agents without kernels (all in this process), one pod to hurt
 * on each node; and the operator's memory with many pods that have nothing to do with it.
 */
import { parseArgs } from 'node:util';
import { apiVersion } from '../../src/api/index.ts';
import { experiments, pods } from '../../src/control/index.ts';
import { systemClock } from '../../src/lib/index.ts';
import type { Store } from '../../src/store/index.ts';
import { adminOf, type Client } from '../../test/cluster/server/client.ts';
import { startControlPlane } from '../../test/cluster/server/control-plane.ts';
import { installSquall } from '../../test/cluster/server/install.ts';
import { prepareOperators } from '../../test/cluster/server/operators.ts';
import { readProcess } from './agent.ts';
import { type SimulatedAgent, simulateAgent } from './simulated-agent.ts';

const namespace = 'bench';
const goals = { operatorRssMb: 200 };
/** Requests that write at once. */
const atOnce = 32;

type Row = { nodes: number; activeMs: number; cleanMs: number; requests: number };
export type ClusterResult = { rows: Row[]; pods: number; operatorRssMb: number; goals: typeof goals };

export async function benchCluster(args: string[]): Promise<ClusterResult> {
  const { values } = parseArgs({
    args,
    options: { nodes: { type: 'string', default: '1,20,100' }, pods: { type: 'string', default: '10000' } },
  });
  await using plane = await startControlPlane(console.log);
  using admin = adminOf(plane);
  await installSquall(admin);
  // The agents here have no tokens of their own nodes.
  await admin.must(['delete', 'validatingadmissionpolicybinding', 'squall-nodetasks']);
  for (const name of [namespace, 'crowd']) await admin.must(['create', 'namespace', name]);
  await using operators = await prepareOperators(admin, plane);
  const operator = operators.start();
  const rows: Row[] = [];
  console.log('nodes  active ms  clean ms  requests');
  for (const nodes of values.nodes.split(',').map(Number)) {
    const row = await measure(admin, nodes);
    rows.push(row);
    console.log(
      [nodes, row.activeMs.toFixed(0), row.cleanMs.toFixed(0), row.requests]
        .map((cell, column) => String(cell).padStart([5, 10, 9, 9][column] ?? 0))
        .join(' '),
    );
  }
  const count = Number(values.pods);
  await createPods(
    admin.store,
    'crowd',
    Array.from({ length: count }, (_, index) => ({ name: `pod-${index}`, node: `node-${index % 100}` })),
  );
  // With all of them there, one more experiment is planned.
  await measure(admin, 1);
  const { rssMb: operatorRssMb } = await readProcess(operator.pid ?? 0);
  const reached = operatorRssMb <= goals.operatorRssMb ? 'reached' : 'missed';
  console.log(`operator with ${count} pods: ${operatorRssMb.toFixed(0)} MB (goal ${goals.operatorRssMb} MB: ${reached})`);
  return { rows, pods: count, operatorRssMb, goals };
}

async function measure(admin: Client, nodes: number): Promise<Row> {
  const { store } = admin;
  const names = Array.from({ length: nodes }, (_, index) => `node-${index}`);
  const label = `nodes-${nodes}-${Date.now()}`;
  await createPods(
    store,
    namespace,
    names.map((node) => ({ name: `${label}-${node}`, node, label })),
  );
  const stopping = new AbortController();
  const agents = names.map((node) => simulateAgent(store, node, stopping.signal));
  const sum = (of: (agent: SimulatedAgent) => number): number => agents.reduce((total, agent) => total + of(agent), 0);
  try {
    // The agents' first lists are not the experiment's.
    await systemClock.sleep(2000);
    const before = await requestCount(admin);
    const started = performance.now();
    const spec = {
      before: '0s',
      duration: '1h',
      after: '0s',
      fault: {
        targets: [{ kind: 'selector', targetSelector: { matchLabels: { app: label } } }],
        configuration: { type: 'delay', value: '100ms' },
      },
    };
    const key = { namespace, name: label };
    await store.create(experiments, { apiVersion, kind: 'NetworkExperiment', metadata: key, spec });
    await until(() => sum((agent) => agent.active()) === nodes);
    const activeMs = performance.now() - started;
    const deleted = performance.now();
    await store.delete(experiments, key);
    await until(() => sum((agent) => agent.tasks()) === 0);
    const cleanMs = performance.now() - deleted;
    return { nodes, activeMs, cleanMs, requests: (await requestCount(admin)) - before };
  } finally {
    stopping.abort();
  }
}

async function until(isSo: () => boolean, limitMs = 120_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`not so within ${limitMs} ms`);
    await systemClock.sleep(5);
  }
}

/** A pod as clusters have them is of some 8 KiB: environment, volumes, conditions, managed fields. */
const usualSize = 'x'.repeat(8 * 1024);

async function createPods(
  store: Store,
  where: string,
  wanted: readonly { name: string; node: string; label?: string }[],
): Promise<void> {
  const left = [...wanted];
  const work = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const { name, node, label = 'crowd' } = next;
      const spec = { nodeName: node, automountServiceAccountToken: false, containers: [{ name: 'main', image: 'none' }] };
      const created = await store.create(pods, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: where, labels: { app: label }, annotations: { 'bench.squall/size': usualSize } },
        spec,
      });
      await store.updateStatus(pods, {
        ...created,
        status: { phase: 'Running', podIP: '10.1.2.3', podIPs: [{ ip: '10.1.2.3' }] },
      });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** Everything that the API server was asked for Squall's kinds, events, leases, pods, services and nodes since it started. */
async function requestCount(admin: Client): Promise<number> {
  const metrics = await admin.must(['get', '--raw', '/metrics']);
  const counted =
    /^apiserver_request_total\{.*resource="(?:network\w+|nodetasks|events|leases|pods|services|nodes|configmaps)".*\} (\d+)$/gm;
  return [...metrics.matchAll(counted)].reduce((total, [, count]) => total + Number(count), 0);
}
