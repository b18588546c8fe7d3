/** Operators in this process with the shipped account's rights, and an agent that answers as a test tells it to, on pods that nobody runs. */
import pino from 'pino';
import { inject } from 'vitest';
import { apiVersion, type NodeTask } from '../../../src/api/index.ts';
import { clusterInstance, reportAnnotation, startOperator } from '../../../src/cluster/index.ts';
import { createHeartbeat } from '../../../src/cli/serve/heartbeat.ts';
import { type ExperimentObject, experiments, leases, nodeTasks, pods } from '../../../src/control/index.ts';
import { codeOf, systemClock } from '../../../src/lib/index.ts';
import { createMetrics } from '../../../src/server/index.ts';
import { createStore, type Store, type Stored, transportFor } from '../../../src/store/index.ts';
import { obedient, runScriptedAgent } from '../../control/machine.ts';
import { severable } from '../operator/severable.ts';
import type { Client } from './client.ts';
import { installSquall, serviceAccountToken } from './install.ts';
import { bearer } from './kubeconfig.ts';
import { until } from './until.ts';

export type TestOperator = { store: ReturnType<typeof severable>; stop: () => Promise<void> };
export type Run = Stored<ExperimentObject>;

export type Operated = AsyncDisposable & {
  namespace: string;
  /** Another one that goes with this. */
  makeNamespace(name: string): Promise<void>;
  /** A pod of node-a that is said to run. */
  makePod(name: string, ip: string, where?: string): Promise<void>;
  /** @param url where the API server is, when a line is between */
  operatorStore(url?: string): Store;
  /** @param store closed when it stops */
  operate(identity: string, options?: { leaseSeconds?: number; store?: Store }): Promise<TestOperator>;
  untilLeads(identity: string): Promise<void>;
  /** Applies an experiment on `web`, which `client` must go on reaching; `more` is put over that. */
  begin(name: string, more?: object): Promise<void>;
  untilRun(name: string, isSo: (run: Run) => boolean, where?: string): Promise<Run>;
  untilDone(name: string, where?: string): Promise<Run>;
  untilReported(name: string, where?: string): Promise<Run>;
  /** What agents were ever ordered for a run, each order of each task once: `fault apply`. */
  ordersOf(run: string): string[];
  /** Those of its fault alone: `apply`. */
  faultOrdersOf(run: string): string[];
};

/** Installs Squall and makes the namespace, with the pods `web` and `client`. */
export async function startOperated(admin: Client, namespace: string): Promise<Operated> {
  await installSquall(admin);
  const operatorToken = await serviceAccountToken(admin, 'squall-operator', 'node-a');
  const agentStore = storeOf(await serviceAccountToken(admin, 'squall-agent', 'node-a'));
  const namespaces: string[] = [];
  const operators: TestOperator[] = [];
  const orders = new Map<string, { run: string; order: string }>();
  const note = ({ metadata, spec }: NodeTask): boolean => {
    const order = `${spec.work} ${spec.order}`;
    orders.set(`${metadata.uid ?? ''} ${order}`, { run: `${spec.run.namespace}/${spec.run.name}`, order });
    return false;
  };
  const agentStopping = new AbortController();
  const agentEnded = runScriptedAgent({ store: agentStore, answer: obedient, silent: note }, agentStopping.signal);

  function ordersOf(run: string): string[] {
    return [...orders.values()].filter((given) => given.run === `${namespace}/${run}`).map(({ order }) => order);
  }

  async function untilRun(name: string, isSo: (run: Run) => boolean, where = namespace): Promise<Run> {
    let last: Run | undefined;
    const look = async (): Promise<Run | false> => {
      last = await admin.store.get(experiments, { namespace: where, name });
      return isSo(last) && last;
    };
    return await until(`run ${where}/${name}`, look, { everyMs: 50, instead: () => JSON.stringify(last?.status) });
  }

  const operated: Operated = {
    namespace,
    makeNamespace: async (where) => {
      await admin.must(['create', 'namespace', where]);
      namespaces.push(where);
    },
    makePod: async (name, ip, where = namespace) => {
      await makePod(admin, { name, namespace: where }, ip);
    },
    operatorStore: (url) => storeOf(operatorToken, url),
    operate: async (identity, { leaseSeconds = 3, store = storeOf(operatorToken) } = {}) => {
      const operator = await startTestOperator(store, identity, leaseSeconds);
      operators.push(operator);
      return operator;
    },
    untilLeads: async (identity) => {
      const key = { namespace: 'squall-system', name: 'squall-operator' };
      await until(`${identity} leads`, async () => {
        const lease = await admin.store.get(leases, key).catch((error: unknown) => {
          if (codeOf(error) !== 'NotFound') throw error;
        });
        return lease?.spec.holderIdentity === identity;
      });
    },
    begin: async (name, more = {}) => {
      await admin.must(['apply', '-f', '-'], experimentText({ name, namespace }, { ...runSpec(namespace), ...more }));
    },
    untilRun,
    untilDone: (name, where) => untilRun(name, ({ status }) => status?.phase === 'done', where),
    untilReported: (name, where) =>
      untilRun(name, ({ metadata }) => metadata.annotations?.[reportAnnotation] === `${name}-report`, where),
    ordersOf,
    faultOrdersOf: (run) => ordersOf(run).flatMap((order) => (order.startsWith('fault ') ? order.slice('fault '.length) : [])),
    [Symbol.asyncDispose]: async () => {
      // Orders to undo would meet the next file's agent otherwise.
      for (const where of namespaces) await admin.must(['delete', 'nx', '--all', '-n', where]);
      await until('the orders of deleted runs are gone', async () => {
        const { items } = await admin.store.list(nodeTasks, { namespace: 'squall-system' });
        return !items.some(({ spec }) => namespaces.includes(spec.run.namespace));
      });
      await Promise.all(operators.map(({ stop }) => stop()));
      agentStopping.abort();
      await agentEnded;
      agentStore.close();
      await admin.must(['delete', 'namespace', ...namespaces, '--wait=false']);
    },
  };
  await operated.makeNamespace(namespace);
  await operated.makePod('web', '10.1.0.1');
  await operated.makePod('client', '10.1.0.2');
  return operated;
}

/** The shortest lease that a leader's of 3 seconds allows is 9 seconds. */
export function runSpec(namespace: string) {
  return {
    before: '1s',
    duration: '6s',
    after: '1s',
    fault: { targets: [{ kind: 'pod', namespace, name: 'web' }], configuration: { type: 'delay', value: '200ms' }, lease: '10s' },
    hypothesis: [
      {
        name: 'client-reaches-web',
        connectivity: {
          layer: '4',
          source: { namespace, name: 'client' },
          destinations: [{ kind: 'pod', namespace, name: 'web', port: '80' }],
          timeout: '500ms',
        },
        tolerance: { lossPercent: 1 },
      },
    ],
  };
}

export function experimentText(metadata: { name: string; namespace?: string }, spec: object): string {
  return JSON.stringify({ apiVersion, kind: 'NetworkExperiment', metadata, spec });
}

function storeOf(token: string, url?: string): Store {
  const plane = inject('controlPlane');
  return createStore(transportFor(bearer({ ...plane, url: url ?? plane.url }, token)));
}

async function startTestOperator(line: Store, identity: string, leaseSeconds: number): Promise<TestOperator> {
  const store = severable(line);
  const stopping = new AbortController();
  const { ended } = startOperator(
    {
      store,
      instance: await clusterInstance(store),
      identity,
      leaseSeconds,
      clock: systemClock,
      random: Math.random,
      log: pino({ level: 'silent' }),
      metrics: createMetrics('0'),
      heartbeat: createHeartbeat(systemClock, () => undefined),
    },
    stopping.signal,
  );
  return {
    store,
    stop: async () => {
      stopping.abort('Stopped');
      await ended;
      store.close();
    },
  };
}

async function makePod(admin: Client, key: { name: string; namespace: string }, ip: string): Promise<void> {
  const containers = [{ name: 'main', image: 'none' }];
  // Without a grace period, since no kubelet would ever say that it has ended.
  const spec = { nodeName: 'node-a', containers, terminationGracePeriodSeconds: 0 };
  await admin.must(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: key, spec }));
  const created = await admin.store.get(pods, key);
  const status = { phase: 'Running', podIP: ip, podIPs: [{ ip }], hostIP: '10.9.0.1', hostIPs: [{ ip: '10.9.0.1' }] };
  await admin.store.updateStatus(pods, { ...created, status });
}
