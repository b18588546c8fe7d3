/** The safety lever while twenty faults are active in this kernel: with whoever controls runs, and without. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  apiVersion,
  coreKinds,
  type NodeTask,
  type Report,
  servedKinds,
  systemNamespace,
  type TargetStatus,
} from '../../../src/api/index.ts';
import { putLab } from '../../../src/cli/run/lab-objects.ts';
import { clusterInstance } from '../../../src/cluster/index.ts';
import { type ExperimentObject, experiments, halts, nodeTasks } from '../../../src/control/index.ts';
import { startEmbeddedServer } from '../../../src/embedded/index.ts';
import { type Lab, labDown, labUp, parseTopology } from '../../../src/lab/index.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { createStore, type Store, transportFor } from '../../../src/store/index.ts';
import { type Snapshot, snapshot } from '../../kernel/namespaces.ts';
import { clusterOver } from '../cluster.ts';
import { eventually, type Serving, squall, startServe } from '../serve/process.ts';

const timeout = 300_000;
/** A second is what people expect; this machine has other work beside it. */
const closedWithinMs = 5000;
const count = 20;
const names = Array.from({ length: count }, (_, index) => `web-${String(index)}`);
const topology = names
  .map((name) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop' },
    spec: { containers: [{ name: 'main', command: ['sleep', '3600'] }] },
  }))
  .map((pod) => JSON.stringify(pod))
  .join('\n---\n');

/** Loss, which every kernel can do; ten minutes of it. */
function runOn(pod: string, name: string): ExperimentObject {
  const fault = {
    targets: [{ kind: 'pod', namespace: 'shop', name: pod }],
    configuration: { type: 'loss', device: 'eth0', value: '50%' },
    lease: '60s',
  };
  const spec = { before: '0s', duration: '10m', after: '0s', fault };
  return { apiVersion, kind: 'NetworkExperiment', metadata: { name, namespace: 'shop' }, spec };
}

const namespacesOf = ({ pods }: Lab): string[] => pods.map(({ metadata }) => `squall-${metadata.uid ?? ''}`);
const looks = async (namespaces: readonly string[]): Promise<Snapshot[]> => await Promise.all(namespaces.map(snapshot));
const isActive = (ruleset: string): boolean => ruleset.includes('squall_');

async function untilAll(store: Store, what: string, holds: (run: ExperimentObject) => boolean): Promise<ExperimentObject[]> {
  return await eventually(`every run to be ${what}`, async () => {
    const { items } = await store.list(experiments);
    return items.every(holds) ? items : undefined;
  });
}

async function statusOf(
  store: Store,
  name: string,
  reached: (run: ExperimentObject) => boolean,
): Promise<ExperimentObject['status']> {
  return await eventually(`what becomes of ${name}`, async () => {
    const run = await store.get(experiments, { namespace: 'shop', name });
    return reached(run) ? run.status : undefined;
  });
}

const isDuring = ({ status }: ExperimentObject): boolean => status?.phase === 'during';
const isOver = ({ status }: ExperimentObject): boolean => status?.phase === 'done';

async function startTwenty(store: Store, namespaces: readonly string[]): Promise<void> {
  await Promise.all(names.map(async (name) => await store.create(experiments, runOn(name, name))));
  await untilAll(store, 'active', isDuring);
  expect((await looks(namespaces)).filter(({ nft }) => isActive(nft))).toHaveLength(count);
}

/** When the lever was pulled, to a few milliseconds: its own time stamp has whole seconds. */
async function untilThere(store: Store): Promise<number> {
  while ((await store.list(halts)).items.length === 0) await systemClock.sleep(5);
  return systemClock.now();
}

/** How long after the lever the last gate was closed, as the agent says; asks for every target of every task. */
function closedAfterMs(pulledAt: number, targets: readonly { cleanAt?: string | null }[]): number {
  expect(targets).toHaveLength(count);
  const ms = Math.max(...targets.map(({ cleanAt }) => Date.parse(cleanAt ?? '') - pulledAt));
  process.stdout.write(`all ${String(count)} gates were closed ${String(Math.round(ms))} ms after the lever\n`);
  return ms;
}

const targetsOf = (tasks: readonly NodeTask[]): TargetStatus[] =>
  tasks.filter(({ spec }) => spec.work === 'fault').flatMap(({ status }) => status?.targets ?? []);

describe('squall halt --all while twenty faults are active', { timeout }, () => {
  let root: string;
  let state: string;
  let serving: Serving | undefined;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'squall-halt-'));
    state = join(root, 'state');
    mkdirSync(join(root, 'folder'));
    writeFileSync(join(root, 'lab.yaml'), topology);
  });
  afterEach(async () => {
    await stop();
    await squall('lab', 'down', '--state', state);
    rmSync(root, { recursive: true });
  }, timeout);

  async function serve(): Promise<Store> {
    serving = startServe(join(root, 'folder'), state, '--guest', 'never');
    await serving.logged(/"serving"/);
    return serving.store;
  }
  async function stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    serving?.store.close();
    serving?.process.kill(signal);
    await serving?.ended;
    serving = undefined;
  }

  /** They are written a moment after the runs are over. */
  async function reportsOf(runs: readonly ExperimentObject[]): Promise<Report[]> {
    return await eventually('every report', () => {
      const files = runs.map(({ metadata }) => join(state, 'runs', metadata.uid ?? '', 'report.json'));
      return files.every((file) => existsSync(file))
        ? files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Report)
        : undefined;
    });
  }

  it('closes every gate, undoes everything, and nothing starts until resume, whatever is started anew', async () => {
    expect(await squall('lab', 'up', join(root, 'lab.yaml'), '--state', state)).toMatchObject({ code: 0 });
    let store = await serve();
    const uids = (await store.list(coreKinds.Pod)).items.map(
      ({ metadata }) => metadata.annotations?.['kubernetes.io/config.hash'] ?? '',
    );
    const namespaces = uids.map((uid) => `squall-${uid}`);
    const before = await looks(namespaces);
    await startTwenty(store, namespaces);

    const pulledAt = untilThere(store);
    const halted = await squall('halt', '--all', '--reason', 'the pager rang', '--by', 'ada', '--state', state);
    expect(halted.code, halted.stderr).toBe(0);
    const lever = await store.get(halts, { name: 'halt' });
    expect(lever.spec).toEqual({ reason: 'the pager rang', by: 'ada' });
    expect(await looks(namespaces)).toEqual(before);
    const runs = await untilAll(store, 'over', isOver);
    for (const { status } of runs) {
      expect(status).toMatchObject({
        verdict: 'Aborted',
        reason: 'Halted',
        residue: 0,
        message: expect.stringContaining('ada') as string,
      });
    }
    expect(
      closedAfterMs(
        await pulledAt,
        (await reportsOf(runs)).flatMap(({ targets }) => targets),
      ),
    ).toBeLessThan(closedWithinMs);

    const refused = async (name: string) => {
      await store.create(experiments, runOn('web-0', name));
      expect(await statusOf(store, name, isOver)).toMatchObject({ verdict: 'Refused', reason: 'Halted' });
      expect(await looks(namespaces)).toEqual(before);
    };
    await refused('at-once');
    await stop();
    store = await serve();
    await refused('after-a-restart');
    await stop('SIGKILL');
    store = await serve();
    await refused('after-a-kill');
    expect(await squall('resume', '--state', state)).toMatchObject({ code: 0 });
    await store.create(experiments, runOn('web-0', 'resumed'));
    await statusOf(store, 'resumed', isDuring);
    await stop();
    expect(await looks(namespaces)).toEqual(before);
  });
});

describe('a NetworkHalt while twenty faults are active and the operator is gone', { timeout }, () => {
  const started: ChildProcess[] = [];
  const ends: (() => Promise<unknown> | undefined)[] = [];
  afterEach(async () => {
    for (const child of started.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    for (const end of ends.splice(0).reverse()) await end();
  }, timeout);

  function start(...args: string[]): ChildProcess {
    // An agent ends when its standard input does.
    const child = spawn(process.execPath, ['--no-warnings', ...args], { stdio: ['pipe', 'ignore', 'ignore'] });
    started.push(child);
    return child;
  }
  async function kill(child: ChildProcess): Promise<void> {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  it('is obeyed by the agent alone; nothing starts until it is gone, though agent and operator are started anew', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'squall-halt-alone-'));
    ends.push(() => {
      rmSync(folder, { recursive: true });
      return undefined;
    });
    const socket = join(folder, 'api.sock');
    const server = await startEmbeddedServer({
      database: join(folder, 'store.db'),
      socket,
      resources: servedKinds,
      clock: systemClock,
    });
    ends.push(async () => {
      await server.close();
    });
    const store = createStore(transportFor({ socket }));
    ends.push(() => {
      store.close();
      return undefined;
    });
    await store.create(coreKinds.Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } });
    const cluster = await clusterOver(socket);
    ends.push(async () => {
      await cluster[Symbol.asyncDispose]();
    });
    const instance = await clusterInstance(store);
    const place = { stateFolder: folder, instance };
    const lab = await labUp({ ...place, topology: parseTopology(topology, 'lab.yaml', '/') });
    ends.push(async () => await labDown(place));
    await putLab(store, lab);
    const namespaces = namespacesOf(lab);
    const before = await looks(namespaces);

    const operate = () =>
      start(
        resolve('src/cli/main.ts'),
        'operator',
        '--kubeconfig',
        cluster.kubeconfig,
        '--listen',
        'none',
        '--lease-seconds',
        '5',
      );
    const serveNode = () =>
      start(resolve('src/agent/main.ts'), '--socket', socket, '--node', 'lab', '--instance', instance, '--state', folder);
    const operator = operate();
    const agent = serveNode();
    await startTwenty(store, namespaces);
    await kill(operator);

    const pulledAt = systemClock.now();
    await store.create(halts, { apiVersion, kind: halts.kind, metadata: { name: 'halt' }, spec: { reason: 'x', by: 'ada' } });
    const tasks = await eventually('every target to be clean', async () => {
      const { items } = await store.list(nodeTasks, { namespace: systemNamespace });
      return targetsOf(items).every(({ phase }) => phase === 'Clean') ? items : undefined;
    });
    for (const { reason } of targetsOf(tasks)) expect(reason).toBe('Halted');
    expect(closedAfterMs(pulledAt, targetsOf(tasks))).toBeLessThan(closedWithinMs);
    expect(await looks(namespaces)).toEqual(before);

    await kill(agent);
    serveNode();
    operate();
    for (const { status } of await untilAll(store, 'over', isOver)) {
      expect(status).toMatchObject({ verdict: 'Aborted', reason: 'Halted', residue: 0 });
    }
    await store.create(experiments, runOn('web-0', 'halted'));
    expect(await statusOf(store, 'halted', isOver)).toMatchObject({ verdict: 'Refused', reason: 'Halted' });
    expect(await looks(namespaces)).toEqual(before);
    await store.delete(halts, { name: 'halt' });
    await store.create(experiments, runOn('web-0', 'resumed'));
    await statusOf(store, 'resumed', isDuring);
    await store.delete(experiments, { namespace: 'shop', name: 'resumed' });
    await eventually('the undo of what was deleted', async () => {
      const { items } = await store.list(nodeTasks, { namespace: systemNamespace });
      return items.length === 0 && !(await looks(namespaces)).some(({ nft }) => isActive(nft)) ? true : undefined;
    });
    expect(await looks(namespaces)).toEqual(before);
  });
});
