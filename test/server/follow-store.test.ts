import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { agentResidueAnnotation, nodeLabel, shortNodeName, systemNamespace } from '../../src/api/index.ts';
import { abortAnnotation, experiments, leases, nodes, schedules, validators } from '../../src/control/index.ts';
import { formatInstant, SquallError, systemClock } from '../../src/lib/index.ts';
import { createMetrics, followStore, type Metrics, type StoreView } from '../../src/server/index.ts';
import type { Store } from '../../src/store/index.ts';
import { type Machine, obedient, startMachine, shortRun as spec } from '../control/machine.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let machine: Machine;
let stopping: AbortController;
let metrics: Metrics;
let view: StoreView;

beforeEach(async () => {
  machine = await startMachine();
  stopping = new AbortController();
  await follow();
});

afterEach(async () => {
  stopping.abort();
  await machine.stop();
});

/** What a new life of the process would see. */
async function follow(): Promise<void> {
  metrics = createMetrics('0');
  view = followStore(machine.store, systemClock, Math.random, stopping.signal);
  metrics.readFrom({ levels: view.levels, usage: () => [] });
  await view.countInto(metrics);
}

async function value(series: string): Promise<number | undefined> {
  const line = (await metrics.text()).split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

async function untilValue(series: string, expected: number | undefined): Promise<void> {
  await expect.poll(() => value(series), { timeout: 20_000 }).toBe(expected);
}

const passed = 'squall_runs_total{verdict="Passed",reason="SteadyStateHeld"}';

test('what a validator has found is there check by check, until it is deleted', async () => {
  const metadata = { name: 'lab' };
  await machine.store.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata, spec: {} });
  const check = { check: 'qdisc' as const, qdisc: 'netem' };
  machine.found = () => [{ check, ok: false, expected: 'netem', found: 'none', remedy: 'load it' }];
  const { apiVersion, kind } = validators;
  await machine.store.create(validators, { apiVersion, kind, metadata: { name: 'ready' }, spec: { qdiscs: ['netem'] } });
  const series = 'squall_validator_check_ok{validator="ready",node="lab",check="qdisc netem"}';
  await untilValue(series, 0);
  await machine.store.delete(validators, { name: 'ready' });
  await untilValue(series, undefined);
});

test('a run is active in its phase, its fault on its node, and both are over when it has passed', async () => {
  await machine.create(spec);
  await untilValue('squall_runs_active{phase="during"}', 1);
  await untilValue('squall_active_faults{node="lab"}', 1);
  await machine.untilDone('run');
  await untilValue(passed, 1);
  expect(await value('squall_runs_active{phase="during"}')).toBe(0);
  expect(await value('squall_inject_seconds_count')).toBe(1);
  expect(await value('squall_undo_seconds_count')).toBe(1);
  expect(await value('squall_abort_reaction_seconds_count')).toBe(0);
});

test('a run that a former life ended is not counted again', async () => {
  await machine.run(spec);
  await untilValue(passed, 1);
  await systemClock.sleep(5);
  await follow();
  expect(await value(passed)).toBe(0);
});

test('an abort shows how long it took until its target was clean', async () => {
  await machine.create({ ...spec, duration: '10m' });
  await machine.untilPhase('run', 'during');
  const annotations = { [abortAnnotation]: 'enough' };
  await machine.store.patchMetadata(experiments, { namespace: 'shop', name: 'run' }, { annotations });
  await machine.untilDone('run');
  await untilValue('squall_runs_total{verdict="Aborted",reason="AbortRequested"}', 1);
  await untilValue('squall_abort_reaction_seconds_count', 1);
});

test('what an undo left in a kernel is residue', async () => {
  machine.answer = (task) => ({ ...obedient(task), residue: task.spec.order === 'undo' ? 3 : 2 });
  await machine.create(spec);
  await untilValue('squall_active_faults{node="lab"}', 1);
  // While the fault is applied, what is in the kernel has an owner.
  expect(await value('squall_residue{node="lab"}')).toBe(0);
  await untilValue('squall_residue{node="lab"}', 3);
});

test('the series of a schedule live as long as it does', async () => {
  const key = { namespace: 'shop', name: 'nightly' };
  const metadata = { ...key };
  const { apiVersion, kind } = schedules;
  const template = { schedule: '30 2 * * *', suspend: true, experimentTemplate: { spec } };
  const created = await machine.store.create(schedules, { apiVersion, kind, metadata, spec: template });
  const nextScheduleTime = '2030-01-01T00:00:00.000Z';
  const status = {
    observedGeneration: 1,
    timing: { schedule: template.schedule, timeZone: 'UTC' },
    decidedUntil: formatInstant(0),
    nextScheduleTime,
    active: [],
    recentTicks: [],
    conditions: [],
  };
  await machine.store.updateStatus(schedules, { ...created, status });
  const next = 'squall_schedule_next_run_timestamp_seconds{namespace="shop",schedule="nightly"}';
  const ticks = 'squall_schedule_ticks_total{namespace="shop",schedule="nightly",outcome="Started",reason="OnTime"}';
  await untilValue(next, Date.parse(nextScheduleTime) / 1000);
  await untilValue(ticks, 0);
  await machine.store.delete(schedules, key);
  await untilValue(ticks, undefined);
  expect(await value(next)).toBeUndefined();
});

test('each kind that cannot be watched is told', async () => {
  const refusing: Store = { ...machine.store, list: () => Promise.reject(new SquallError('PermissionDenied', 'no')) };
  const told = new Set<string>();
  const cut = new AbortController();
  followStore(refusing, systemClock, Math.random, cut.signal, (error, _retryInMs, resource) => {
    told.add(`${resource} ${error.code}`);
  });
  const kinds = ['leases', 'networkexperiments', 'networkexperimentschedules', 'networkmodulesvalidators', 'nodetasks'];
  await expect.poll(() => [...told].sort()).toEqual(kinds.map((kind) => `${kind} PermissionDenied`));
  cut.abort();
});

test('an agent is known by its heartbeat, and by none that is older than this process', async () => {
  const lease = (name: string, node: string, renewedAt: number) => ({
    apiVersion: leases.apiVersion,
    kind: leases.kind,
    metadata: {
      namespace: systemNamespace,
      name,
      labels: { [nodeLabel]: shortNodeName(node) },
      annotations: { [agentResidueAnnotation]: '4' },
    },
    spec: { holderIdentity: node, leaseDurationSeconds: 30, renewTime: formatInstant(renewedAt) },
  });
  await machine.store.create(leases, lease('squall-agent-old', 'old', Date.now() - 60_000));
  await machine.store.create(leases, lease('squall-agent-new', 'new', Date.now()));
  const long = 'n'.repeat(100);
  await machine.store.create(leases, lease('squall-agent-long', long, Date.now()));
  await expect.poll(() => view.agentOf('new')?.residue, { timeout: 20_000 }).toBe(4);
  expect(view.agentOf('old')).toBeUndefined();
  expect(await value('squall_residue{node="new"}')).toBe(4);
  await expect.poll(() => view.agentOf(long)?.residue, { timeout: 20_000 }).toBe(4);
  expect(await value(`squall_residue{node="${long}"}`)).toBe(4);
});
