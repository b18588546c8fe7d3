/** Two operators with the shipped roles on a real API server, and an agent that answers as the tests tell it to. */
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { apiVersion } from '../../../src/api/index.ts';
import { clusterInstance, readStoredJournal, reportAnnotation, startOperator } from '../../../src/cluster/index.ts';
import { events } from '../../../src/cluster/operator/event-recorder.ts';
import { type ExperimentObject, experiments, leases, pods } from '../../../src/control/index.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { buildReport } from '../../../src/report/index.ts';
import { createMetrics } from '../../../src/server/index.ts';
import { createStore, type Store, type Stored, transportFor } from '../../../src/store/index.ts';
import { type Answer, obedient, runScriptedAgent } from '../../control/machine.ts';
import { severable } from '../operator/severable.ts';
import { adminOf } from './client.ts';
import { installSquall, serviceAccountToken } from './install.ts';
import { bearer } from './kubeconfig.ts';

const admin = adminOf();
const namespace = 'operated';
const hypothesis = [
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
];
const spec = {
  before: '1s',
  duration: '6s',
  after: '1s',
  fault: { targets: [{ kind: 'pod', namespace, name: 'web' }], configuration: { type: 'delay', value: '200ms' }, lease: '10s' },
  hypothesis,
};

const agent: { answer: Answer; silent: () => boolean } = { answer: obedient, silent: () => false };
const agentStopping = new AbortController();
let agentStore: Store;
let agentEnded: Promise<void>;
let token: string;
const operators: TestOperator[] = [];

beforeAll(async () => {
  await installSquall(admin);
  token = await serviceAccountToken(admin, 'squall-operator', 'node-a');
  await admin.must(['create', 'namespace', namespace]);
  await makePod('web', '10.1.0.1');
  await makePod('client', '10.1.0.2');
  agentStore = storeOf(await serviceAccountToken(admin, 'squall-agent', 'node-a'));
  agentEnded = runScriptedAgent(Object.assign(agent, { store: agentStore }), agentStopping.signal);
});
afterAll(async () => {
  await Promise.all(operators.map(({ stop }) => stop()));
  agentStopping.abort();
  await agentEnded;
  agentStore.close();
  await admin.must(['delete', 'namespace', namespace, '--wait=false']);
  admin[Symbol.dispose]();
});

function storeOf(bearerToken: string): Store {
  return createStore(transportFor(bearer(inject('controlPlane'), bearerToken)));
}

async function makePod(name: string, ip: string): Promise<void> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: { nodeName: 'node-a', containers: [{ name: 'main', image: 'none' }] },
  };
  await admin.must(['apply', '-f', '-'], JSON.stringify(pod));
  const created = await admin.store.get(pods, { namespace, name });
  const status = { phase: 'Running', podIP: ip, podIPs: [{ ip }], hostIP: '10.9.0.1', hostIPs: [{ ip: '10.9.0.1' }] };
  await admin.store.updateStatus(pods, { ...created, status });
}

type TestOperator = { store: ReturnType<typeof severable>; stop: () => Promise<void> };

async function operate(identity: string): Promise<TestOperator> {
  const store = severable(storeOf(token));
  const stopping = new AbortController();
  const { ended } = startOperator(
    {
      store,
      instance: await clusterInstance(store),
      identity,
      leaseSeconds: 3,
      clock: systemClock,
      random: Math.random,
      log: pino({ level: 'silent' }),
      metrics: createMetrics('0'),
      heartbeat: () => () => undefined,
    },
    stopping.signal,
  );
  const operator = {
    store,
    stop: async () => {
      stopping.abort('Stopped');
      await ended;
      store.close();
    },
  };
  operators.push(operator);
  return operator;
}

async function untilLeads(identity: string): Promise<void> {
  const key = { namespace: 'squall-system', name: 'squall-operator' };
  const holder = async (): Promise<string | undefined> =>
    (await admin.store.get(leases, key).catch(() => undefined))?.spec.holderIdentity;
  while ((await holder()) !== identity) await systemClock.sleep(50);
}

async function until(name: string, isSo: (run: Stored<ExperimentObject>) => boolean): Promise<Stored<ExperimentObject>> {
  for (;;) {
    const run = await admin.store.get(experiments, { namespace, name });
    if (isSo(run)) return run;
    await systemClock.sleep(50);
  }
}

async function begin(name: string, duration = spec.duration): Promise<void> {
  const manifest = { apiVersion, kind: 'NetworkExperiment', metadata: { name, namespace }, spec: { ...spec, duration } };
  await admin.must(['apply', '-f', '-'], JSON.stringify(manifest));
}

/** How many tasks have had each order, from now on. */
function countOrders(): Record<string, number> {
  const orders: Record<string, number> = {};
  const seen = new Set<string>();
  agent.answer = (task) => {
    const given = `${task.metadata.uid ?? ''} ${task.spec.order}`;
    if (!seen.has(given)) orders[task.spec.order] = (orders[task.spec.order] ?? 0) + 1;
    seen.add(given);
    return obedient(task);
  };
  return orders;
}

describe('operators on a cluster', () => {
  it('run an experiment to its verdict, with events and a report that kubectl shows', async () => {
    await operate('first');
    await begin('one');
    const { status } = await until('one', ({ status: current }) => current?.phase === 'done');
    expect(status).toMatchObject({ verdict: 'Passed', residue: 0 });
    await until('one', ({ metadata }) => metadata.annotations?.[reportAnnotation] === 'one-report');
    const report = buildReport(await readStoredJournal(admin.store, namespace, 'one'));
    expect(report).toMatchObject({ verdict: 'Passed', warnings: [] });
    expect(report.hypothesis.map(({ phase, outcome }) => `${phase} ${outcome}`)).toEqual([
      'before held',
      'during held',
      'after held',
    ]);
    const reasons = async (kind: string): Promise<string[]> => {
      const { items } = await admin.store.list(events, { namespace });
      return items.filter(({ regarding }) => regarding.kind === kind).map(({ reason }) => reason);
    };
    await expect.poll(() => reasons('Pod'), { timeout: 30_000 }).toContain('Passed');
    expect((await reasons('NetworkExperiment')).sort()).toEqual(['FaultInjected', 'FaultUndone', 'Passed', 'Started']);
    expect(await admin.must(['describe', 'pod', 'web', '-n', namespace])).toMatch(/FaultInjected.*active on 1 target/);
    expect(await admin.must(['get', 'nodetasks', '-n', 'squall-system', '-o', 'name'])).toBe('');
  });

  it.each([
    ['stops', (leader: TestOperator) => leader.stop()],
    [
      'hears nothing more of the API server',
      (leader: TestOperator) => {
        leader.store.cut = true;
        return Promise.resolve();
      },
    ],
  ])('go on with the run of a leader that %s', async (what, end) => {
    const name = `taken-over-when-it-${what.split(' ')[0] ?? ''}`;
    const orders = countOrders();
    const leader = operators.at(-1);
    if (!leader) throw new Error('nobody leads');
    const next = `after ${what}`;
    await operate(next);
    await begin(name, '30s');
    await until(name, ({ status }) => status?.phase === 'during');
    // The tasks' statuses do not reach back to the first measurements any more.
    await systemClock.sleep(24_000);
    await end(leader);
    await untilLeads(next);
    const { status } = await until(name, ({ status: current }) => current?.phase === 'done');
    expect(status).toMatchObject({ verdict: 'Passed', residue: 0 });
    expect(orders).toEqual({ apply: 1, undo: 1 });
    await until(name, ({ metadata }) => metadata.annotations?.[reportAnnotation] !== undefined);
    const { warnings } = buildReport(await readStoredJournal(admin.store, namespace, name));
    expect(warnings).toEqual([expect.stringMatching(/took over in 'during'/)]);
  });
});
