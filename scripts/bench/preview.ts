/**
 * A preview of a run on many pods, from the embedded API server to the text: what it asks the server, how long it takes, and how many NodeTasks the
 * preflight of the run would be.
 */
import { parseArgs } from 'node:util';
import { servedKinds } from '../../src/api/index.ts';
import { renderPreview } from '../../src/cli/operate/preview-text.ts';
import { type ExperimentObject, nodes, pods, previewRun, readWorld, type SpecReader } from '../../src/control/index.ts';
import { SquallError } from '../../src/lib/index.ts';
import type { Store } from '../../src/store/index.ts';
import { startServer } from './agent.ts';
import { spreadOf, spreadText, tableLines } from './summary.ts';

const rounds = 5;
const goalMs = 1000;
const podsPerNode = 10;

type Row = {
  pods: number;
  nodes: number;
  requests: string[];
  readMs: number[];
  previewMs: number[];
  nodeTasks: number;
  programs: number;
};
export type PreviewResult = { rows: Row[]; goalMs: number };

export async function benchPreview(args: string[]): Promise<PreviewResult> {
  const { values } = parseArgs({ args, options: { pods: { type: 'string', default: '1000,10000' } } });
  const rows: Row[] = [];
  for (const size of values.pods.split(',').map(Number)) rows.push(await measure(size));
  const texts = rows.map((row) => {
    const { median } = spreadOf(row.previewMs);
    return [
      ...[row.pods, row.nodes, row.requests.length, row.nodeTasks, row.programs].map(String),
      ...[row.readMs, row.previewMs].map((all) => spreadText(spreadOf(all), 0)),
      median <= goalMs ? 'met' : 'MISSED',
    ];
  });
  const head = ['pods', 'nodes', 'requests', 'NodeTasks', 'programs', 'read ms', 'preview ms', ''];
  for (const line of tableLines([head, ...texts], 0)) console.log(line);
  return { rows, goalMs };
}

async function measure(size: number): Promise<Row> {
  const server = await startServer(servedKinds);
  try {
    await fill(server.store, size);
    const requests: string[] = [];
    const row: Row = { pods: size, nodes: size / podsPerNode, requests, readMs: [], previewMs: [], nodeTasks: 0, programs: 0 };
    for (let round = 0; round < rounds; round += 1) {
      requests.length = 0;
      const started = performance.now();
      const world = { ...(await readWorld(counting(server.store, requests))), activeRuns: [] };
      const read = performance.now();
      const preview = await previewRun(nothingReferred, experiment, { world, now: Date.now(), drawnSeed: 'seed' });
      if ('refusal' in preview) throw new Error(preview.refusal.message);
      if (preview.hurt.length !== size) throw new Error(`${String(preview.hurt.length)} pods would be hurt, not ${String(size)}`);
      renderPreview(preview);
      row.readMs.push(read - started);
      row.previewMs.push(performance.now() - read);
      row.nodeTasks = preview.cost.nodeTasks;
      row.programs = preview.programs.length;
    }
    return row;
  } finally {
    await server.close();
  }
}

/** Of one workload, on as many nodes as there would be. */
async function fill(store: Store, size: number): Promise<void> {
  for (let node = 0; node < size / podsPerNode; node += 1) {
    const nodeName = `node-${String(node)}`;
    await store.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName }, spec: {} });
    const hostIP = `192.168.${String(node >> 8)}.${String(node & 255)}`;
    const here = Array.from({ length: podsPerNode }, (_, index) => node * podsPerNode + index);
    await Promise.all(
      here.map(async (index) => {
        await createPod(store, index, { nodeName, hostIP });
      }),
    );
  }
}

async function createPod(store: Store, index: number, { nodeName, hostIP }: { nodeName: string; hostIP: string }): Promise<void> {
  const metadata = { name: `web-${String(index)}`, namespace: 'shop', labels: { app: 'web' } };
  const created = await store.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec: { nodeName } });
  const podIP = `10.${String(index >> 16)}.${String((index >> 8) & 255)}.${String(index & 255)}`;
  await store.updateStatus(pods, { ...created, status: { phase: 'Running', podIP, hostIP } });
}

function counting(store: Store, requests: string[]): Store {
  return {
    ...store,
    list: async (resource, options) => {
      requests.push(`list ${resource.plural}`);
      return await store.list(resource, options);
    },
    get: async (resource, key, options) => {
      requests.push(`get ${resource.plural}`);
      return await store.get(resource, key, options);
    },
  };
}

const nothingReferred: SpecReader = { get: () => Promise.reject(new SquallError('NotFound', 'nothing is referred to')) };
const experiment = {
  metadata: { name: 'all', namespace: 'shop' },
  spec: {
    duration: '1m',
    fault: {
      targets: [{ kind: 'selector', namespace: 'shop', targetSelector: { matchLabels: { app: 'web' } }, mode: 'all' }],
      configuration: { type: 'delay', device: 'eth0', value: '100ms' },
    },
  },
} as unknown as ExperimentObject;
