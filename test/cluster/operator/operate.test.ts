import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiVersion, coreKinds } from '../../../src/api/index.ts';
import {
  type Operator,
  operatorRulesOf,
  readStoredJournal,
  reportAnnotation,
  startOperator,
} from '../../../src/cluster/index.ts';
import { createMemoryJournals, type MemoryJournals } from '../../../src/cluster/memory-journals.ts';
import { events } from '../../../src/cluster/operator/event-recorder.ts';
import { reportName } from '../../../src/cluster/run-report.ts';
import { experiments, leases, shapers, type TargetRules } from '../../../src/control/index.ts';
import { SquallError, systemClock } from '../../../src/lib/index.ts';
import { buildReport } from '../../../src/report/index.ts';
import { createMetrics, type Metrics } from '../../../src/server/index.ts';
import type { Store } from '../../../src/store/index.ts';
import { type Machine, obedient, startMachine } from '../../control/machine.ts';
import { severable } from './severable.ts';

const spec = {
  before: '0s',
  duration: '2s',
  after: '0s',
  fault: { targets: [{ kind: 'pod', namespace: 'shop', name: 'payments-0' }], configuration: { type: 'delay', value: '200ms' } },
};
const run = { namespace: 'shop', name: 'run' };
const electionLease = { namespace: 'squall-system', name: 'squall-operator' };

let machine: Machine;
let operators: TestOperator[] = [];
beforeEach(async () => {
  machine = await startMachine(obedient, { controlled: false });
});
afterEach(async () => {
  await Promise.all(operators.map((operator) => operator.stop()));
  operators = [];
  await machine.stop();
});

type TestOperator = Pick<Operator, 'facts'> & {
  store: ReturnType<typeof severable>;
  metrics: Metrics;
  log: string[];
  stop: () => Promise<void>;
};

type Changes = { between?: (store: Store) => Store; journals?: MemoryJournals; targets?: TargetRules };

function operate(identity: string, { between = (store) => store, ...options }: Changes = {}): TestOperator {
  const store = severable(between(machine.store));
  const metrics = createMetrics('0');
  const stopping = new AbortController();
  const log: string[] = [];
  const operator = startOperator(
    {
      store,
      instance: '0123abcd',
      identity,
      leaseSeconds: 3,
      ...options,
      clock: systemClock,
      random: Math.random,
      log: pino({ base: null }, { write: (line) => log.push(line) }),
      metrics,
      heartbeat: () => () => undefined,
    },
    stopping.signal,
  );
  const handle = {
    store,
    metrics,
    log,
    facts: () => operator.facts(),
    stop: async () => {
      stopping.abort('Stopped');
      await operator.ended;
    },
  };
  operators.push(handle);
  return handle;
}

async function holder(): Promise<string | undefined> {
  const lease = await machine.store.get(leases, electionLease).catch(() => undefined);
  return lease?.spec.holderIdentity;
}

async function untilLeads(identity: string): Promise<void> {
  while ((await holder()) !== identity) await systemClock.sleep(20);
}

async function untilReported(): Promise<ReturnType<typeof buildReport>> {
  for (;;) {
    const { metadata } = await machine.store.get(experiments, run);
    if (metadata.annotations?.[reportAnnotation] !== undefined)
      return buildReport(await readStoredJournal(machine.store, 'shop', 'run'));
    await systemClock.sleep(20);
  }
}

function countOrders(): Record<string, number> {
  const orders: Record<string, number> = {};
  const seen = new Set<string>();
  machine.answer = (task) => {
    const given = `${task.metadata.uid ?? ''} ${task.spec.order}`;
    if (!seen.has(given)) orders[task.spec.order] = (orders[task.spec.order] ?? 0) + 1;
    seen.add(given);
    return obedient(task);
  };
  return orders;
}

describe('an operator', () => {
  it('runs an experiment, and leaves its report as a ConfigMap that the run owns', async () => {
    const operator = operate('a');
    await machine.run(spec);
    const report = await untilReported();
    expect(report).toMatchObject({ verdict: 'Passed', residue: 0, warnings: [], kernel: '6.1.0-test', driver: 'netem' });
    expect(report.phases.map(({ name }) => name)).toEqual(['preflight', 'before', 'inject', 'during', 'undo', 'after']);
    expect(operator.facts()).toMatchObject({ storeRead: true });
    expect(await operator.metrics.text()).toContain('squall_runs_total{verdict="Passed",reason="SteadyStateHeld"} 1');
  }, 60_000);

  it.each<[string, string, TargetRules]>([
    ['is in a namespace that is protected', 'TargetNotAllowed', { protectedNamespaces: ['shop'] }],
    ['is younger than its ceiling', 'TargetNotAllowed', { ceilings: { minAgeMs: 3_600_000 } }],
    [
      'is too large a share of its workload, whatever the experiment says',
      'BlastRadiusExceeded',
      { ceilings: { maxPercentOfWorkload: 50 } },
    ],
  ])(
    'begins no run that hurts what %s',
    async (_, reason, targets) => {
      const orders = countOrders();
      operate('a', { targets });
      const { status } = await machine.run({ ...spec, blastRadius: { maxPercentOfWorkload: 100 } });
      expect(status).toMatchObject({ verdict: 'Refused', reason });
      expect(orders).toEqual({});
      // What a preview goes by.
      expect(operatorRulesOf(await machine.store.get(leases, electionLease))).toEqual({
        ...targets,
        ...{ confinesReferences: true, shortestLeaseSeconds: 9 },
      });
    },
    60_000,
  );

  it('tells what becomes of an experiment on it and on the pod that it hurts', async () => {
    operate('a');
    await machine.run(spec);
    const reasons = ['FaultInjected', 'FaultUndone', 'Passed', 'Started'];
    const told = async (): Promise<Record<string, string[]>> => {
      const { items } = await machine.store.list(events, { namespace: 'shop' });
      const byObject = Object.groupBy(items, ({ regarding }) => `${regarding.kind} ${regarding.name}`);
      return Object.fromEntries(Object.entries(byObject).map(([name, of = []]) => [name, of.map(({ reason }) => reason).sort()]));
    };
    await expect.poll(told, { timeout: 30_000 }).toEqual({ 'NetworkExperiment run': reasons, 'Pod payments-0': reasons });
    const [event] = (await machine.store.list(events, { namespace: 'shop' })).items;
    expect(event).toMatchObject({ reportingController: 'squall.networkmachinery.io/operator', reportingInstance: 'a' });
    expect(event?.eventTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  }, 60_000);

  it.each([
    ['stops', (leader: TestOperator) => leader.stop()],
    [
      'is cut off from the API server',
      (leader: TestOperator) => {
        leader.store.cut = true;
        return Promise.resolve();
      },
    ],
  ] as const)(
    'goes on with the run of one that %s',
    async (_what, end) => {
      const orders = countOrders();
      const leader = operate('a');
      await untilLeads('a');
      operate('b');
      await machine.create({ ...spec, duration: '6s' });
      await machine.untilPhase('run', 'during');
      await end(leader);
      await untilLeads('b');
      expect((await machine.untilDone('run')).status).toMatchObject({ verdict: 'Passed', residue: 0 });
      expect(orders).toEqual({ apply: 1, undo: 1 });
      const report = await untilReported();
      expect(report).toMatchObject({
        verdict: 'Passed',
        kernel: '6.1.0-test',
        warnings: [expect.stringMatching(/took over in 'during'/)],
      });
      expect(report.phases.map(({ name }) => name)).toEqual(['preflight', 'before', 'inject', 'during', 'undo', 'after']);
    },
    60_000,
  );

  it('reports a run that another operator finished, from what its status says', async () => {
    const first = operate('a');
    await machine.run(spec);
    await untilReported();
    await first.stop();
    await machine.store.patchMetadata(experiments, run, { annotations: { [reportAnnotation]: null } });
    operate('b');
    expect(await untilReported()).toMatchObject({ verdict: 'Passed' });
  }, 60_000);

  it('says of each kind that it cannot watch what it is and why, once, and counts every time', async () => {
    const between = (store: Store): Store => ({
      ...store,
      list: (resource, options) =>
        resource.plural === 'nodetasks'
          ? Promise.reject(new SquallError('PermissionDenied', 'nodetasks are not for you'))
          : store.list(resource, options),
    });
    const operator = operate('a', { between });
    const count = async (): Promise<number> =>
      Number(
        /squall_watch_failures_total\{resource="nodetasks",code="PermissionDenied"\} (\d+)/.exec(
          await operator.metrics.text(),
        )?.[1],
      );
    await expect.poll(count, { timeout: 30_000 }).toBeGreaterThan(4);
    const said = operator.log.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ code }) => code !== undefined);
    expect(said).toEqual([expect.objectContaining({ level: 40, resource: 'nodetasks', code: 'PermissionDenied' })]);
  }, 60_000);

  it('keeps no journal of a run that was deleted, in the middle or before its report could be stored', async () => {
    const journals = createMemoryJournals(systemClock);
    operate('a', { journals });
    const forgets = async (uid: string): Promise<void> => {
      expect(journals.records(uid)).not.toEqual([]);
      await machine.store.delete(experiments, run);
      await expect.poll(() => journals.records(uid), { timeout: 10_000 }).toBeUndefined();
    };
    const first = await machine.create({ ...spec, duration: '10m' });
    await machine.untilPhase('run', 'during');
    await forgets(first.metadata.uid);
    const taken = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...run, name: reportName('run') } };
    await machine.store.create(coreKinds.ConfigMap, taken);
    const second = await machine.create(spec);
    await machine.untilDone('run');
    await forgets(second.metadata.uid);
  }, 60_000);

  it('refuses a fault whose lease nobody could take over in time', async () => {
    operate('a');
    const { status } = await machine.run({ ...spec, fault: { ...spec.fault, lease: '5s' } });
    expect(status).toMatchObject({ verdict: 'Refused', reason: 'LeaseTooShort' });
  }, 60_000);

  it('refuses a run whose shaper, which admission never saw beside it, names pods of another namespace', async () => {
    operate('a');
    const target = { kind: 'pod', namespace: 'bank', name: 'vault' };
    await machine.store.create(shapers, {
      apiVersion,
      kind: 'NetworkTrafficShaper',
      metadata: { name: 'theirs', namespace: 'shop' },
      spec: { targets: [target], configuration: { type: 'delay', value: '100ms' } },
    });
    const { status } = await machine.run({ ...spec, fault: { ref: 'theirs' } });
    expect(status).toMatchObject({ verdict: 'Refused', reason: 'ReferenceLeavesNamespace' });
  }, 60_000);
});
