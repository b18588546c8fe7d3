/** A small shop, as the store would show it: what plans are made from in these tests. */
import type { ConnectivityTest, Experiment, Shaper } from '../../src/api/index.ts';
import type { PlannedEntry } from '../../src/control/plan-probes.ts';
import type { RunRequest } from '../../src/control/plan-run.ts';
import type { Pod, World } from '../../src/control/world.ts';

export function pod(name: string, index: number, changes: { node?: string; phase?: string; app?: string } = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', uid: `uid-${name}`, labels: { app: changes.app ?? name } },
    spec: { nodeName: changes.node ?? 'lab' },
    status: {
      phase: changes.phase ?? 'Running',
      podIPs: [{ ip: `10.0.0.${index}` }, { ip: `fd00::${index}` }],
      hostIPs: [{ ip: '10.0.0.254' }],
    },
  };
}

export const world: World = {
  pods: [
    pod('checkout', 1),
    pod('payments-0', 10, { app: 'payments' }),
    pod('payments-1', 11, { app: 'payments', node: 'other' }),
    pod('payments-2', 12, { app: 'payments', phase: 'Failed' }),
    pod('db', 20),
  ],
  services: [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'payments', namespace: 'shop' },
      spec: { clusterIPs: ['10.96.0.1', 'fd00:96::1'], selector: { app: 'payments' }, ports: [{ port: 8080 }] },
    },
  ],
  nodes: [
    {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'lab' },
      spec: {},
      status: {
        addresses: [
          { type: 'InternalIP', address: '10.0.0.254' },
          { type: 'InternalIP', address: 'fd00::fe' },
          { type: 'Hostname', address: 'lab' },
        ],
      },
    },
  ],
  namespaces: [],
  budgets: [],
  apiServer: [],
  activeRuns: [],
};

const connectivity: ConnectivityTest = {
  layer: 4,
  source: { namespace: 'shop', name: 'checkout' },
  destinations: [{ kind: 'service', namespace: 'shop', name: 'payments', port: 8080 }],
  periodMs: 200,
  timeoutMs: 1000,
  count: 10,
};

export function entry(changes: Partial<ConnectivityTest> = {}): PlannedEntry {
  return {
    name: 'reaches',
    test: { kind: 'connectivity', connectivity },
    phases: ['before', 'during', 'after'],
    tolerances: { before: {}, during: {}, after: {} },
    connectivity: { ...connectivity, ...changes },
  };
}

export const shaper: Shaper = {
  leaseSeconds: 9,
  parts: [
    {
      targets: [{ kind: 'selector', namespace: 'shop', selector: { matchLabels: { app: 'payments' } }, mode: { mode: 'all' } }],
      device: 'eth0',
      direction: 'egress',
      fault: { type: 'delay', delayMs: 200, jitterMs: 0, distribution: 'uniform' },
      steps: [],
      peers: [],
      ports: [],
      except: [],
      include: [],
    },
  ],
};

const experiment: Experiment = {
  durationMs: 20_000,
  fault: { shaper },
  beforeMs: 5000,
  afterMs: 5000,
  hypothesis: [],
  preflight: [],
  onUnsupported: 'refuse',
  abort: [],
};

export function request(changes: Partial<RunRequest> = {}): RunRequest {
  return {
    uid: '11111111-2222-4333-8444-555555555555',
    namespace: 'shop',
    name: 'checkout-delay',
    instance: '0123abcd',
    seed: 'seed',
    experiment,
    shaper,
    entries: [entry()],
    ...changes,
  };
}
