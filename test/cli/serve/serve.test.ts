import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Report, TickRecord } from '../../../src/api/index.ts';
import { experiments, monitors } from '../../../src/control/index.ts';
import type { Store } from '../../../src/store/index.ts';
import { startExporter } from '../network/exporter.ts';
import { eventually, type Serving, squall, startServe, storeOf } from './process.ts';

const timeout = 180_000;
/** Nobody carries the label, so the run is Refused before anything is touched: this kernel may lack netem. */
const refused = (name: string, duration = '2s') => `
apiVersion: networkmachinery.io/v1alpha1
kind: NetworkExperiment
metadata: {name: ${name}, namespace: shop}
spec:
  duration: ${duration}
  fault:
    targets: [{kind: selector, namespace: shop, targetSelector: {matchLabels: {app: nobody}}}]
    configuration: {type: delay, device: eth0, value: 100ms}
`;
const everySecond = `
apiVersion: networkmachinery.io/v1alpha1
kind: NetworkExperimentSchedule
metadata: {name: often, namespace: shop}
spec:
  schedule: "* * * * * *"
  failedExperimentsHistoryLimit: 2
  experimentTemplate: {spec: {duration: 2s, fault: {ref: nothing}}}
`;
/** A run without a fault that goes on for minutes. Files must have a fault; the API takes this one. */
const endless = {
  apiVersion: experiments.apiVersion,
  kind: experiments.kind,
  metadata: { name: 'endless', namespace: 'test' },
  spec: {
    before: '1s',
    duration: '600s',
    hypothesis: [
      {
        name: 'pings',
        connectivity: {
          layer: '3',
          source: { namespace: 'test', name: 'client' },
          destinations: [{ kind: 'pod', namespace: 'test', name: 'server' }],
        },
      },
    ],
  },
};

const monitor = (name: string) => `
apiVersion: networkmachinery.io/v1alpha1
kind: NetworkMonitor
metadata: {name: ${name}, namespace: shop}
spec: {flows: [{name: udp, keys: ipsource, value: frames}], thresholds: [{name: storm, value: 100, flowName: udp}]}
`;

let root: string;
let folder: string;
let state: string;
let started: Serving[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'squall-serve-'));
  folder = join(root, 'folder');
  state = join(root, 'state');
  mkdirSync(folder);
  started = [];
});
/** Before whatever it works on is taken away. */
async function stopAll(): Promise<void> {
  for (const { process: child, store, ended } of started) {
    store.close();
    if (child.exitCode === null) child.kill('SIGTERM');
    await ended;
  }
}
afterEach(async () => {
  await stopAll();
  rmSync(root, { recursive: true, force: true });
});

function serve(...more: string[]): Serving {
  const serving = startServe(folder, state, ...more);
  started.push(serving);
  return serving;
}

async function stop({ process: child, ended }: Serving): Promise<void> {
  child.kill('SIGTERM');
  const { code, stderr } = await ended;
  expect(code, stderr).toBe(0);
}

/** The reports of the runs of that name, oldest first. */
function reportsOf(name: string): Report[] {
  const runs = join(state, 'runs');
  if (!existsSync(runs)) return [];
  const files = readdirSync(runs).map((uid) => join(runs, uid, 'report.json'));
  return files
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, 'utf8')) as Report)
    .filter(({ experiment }) => experiment.name === name)
    .sort((a, b) => a.startedAt.localeCompare(b.startedAt));
}

function ticksIn(stateFolder: string): TickRecord[] {
  const file = join(stateFolder, 'ticks.jsonl');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as TickRecord);
}

const oneReport = async (name: string, count = 1) =>
  await eventually(`report ${String(count)} of ${name}`, () => {
    const reports = reportsOf(name);
    return reports.length >= count ? reports : undefined;
  });

async function namesIn(store: Store): Promise<string[]> {
  return (await store.list(experiments)).items.map(({ metadata }) => metadata.name).sort();
}

describe('squall serve', { timeout }, () => {
  it('runs an experiment of the folder once, also over a restart, and again when its spec has changed', async () => {
    writeFileSync(join(folder, 'a.yaml'), refused('one'));
    const first = serve();
    const [report] = await oneReport('one');
    expect([report?.verdict, report?.reason]).toEqual(['Refused', 'NoTarget']);
    await stop(first);

    const second = serve();
    await second.logged(/"serving"/);
    writeFileSync(join(folder, 'b.yaml'), refused('two'));
    await oneReport('two');
    expect(reportsOf('one')).toHaveLength(1);
    writeFileSync(join(folder, 'a.yaml'), refused('one', '3s'));
    await oneReport('one', 2);
    await stop(second);
  });

  it('watches for the monitors of its folder; where its port is in use they say so, until it is free', async () => {
    const taken = createSocket('udp4');
    taken.bind(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address();
    writeFileSync(join(folder, 'm.yaml'), monitor('traffic'));
    const serving = serve('--sflow', `127.0.0.1:${String(port)}`);
    await serving.logged(/"serving"/);
    const untilTold = async (state: string, text = /^/) =>
      await eventually(`the monitor to be ${state}`, async () => {
        const [traffic] = (await serving.store.list(monitors)).items;
        const { status } = traffic ?? {};
        return status?.state === state && text.test(status.message) ? true : undefined;
      });
    await untilTold('lost', /in use/);
    taken.close();
    await untilTold('waiting');
    const exporter = startExporter({ host: '127.0.0.1', port }, 20);
    await untilTold('quiet');
    exporter.close();
    rmSync(join(folder, 'm.yaml'));
    await eventually('it to be deleted', async () =>
      (await serving.store.list(monitors)).items.length === 0 ? true : undefined,
    );
    await stop(serving);
  });

  it("serves sFlow-RT's API as soon as the collector's port is free, without ending before", async () => {
    const taken = createSocket('udp4');
    taken.bind(0, '127.0.0.1');
    await once(taken, 'listening');
    const serving = serve('--sflow', `127.0.0.1:${String(taken.address().port)}`, '--sflow-rt', '127.0.0.1:0');
    await serving.logged(/sFlow-RT's REST API is not served: .*in use/);
    await serving.logged(/"serving"/);
    taken.close();
    const [, rest] = /"address":"([^"]+)"/.exec(await serving.logged(/sFlow-RT's REST API is served/)) ?? [];
    expect((await fetch(`http://${rest ?? ''}/version`)).status).toBe(200);
    await stop(serving);
  });

  it('watches for no monitor that a run has left in the state folder', async () => {
    writeFileSync(join(folder, 'm.yaml'), monitor('served'));
    const first = serve('--sflow', 'none');
    await first.logged(/"serving"/);
    const spec = { flows: [{ name: 'udp', keys: 'ipsource', value: 'frames' }] };
    const { apiVersion, kind } = monitors;
    await first.store.create(monitors, { apiVersion, kind, metadata: { name: 'left', namespace: 'shop' }, spec });
    await stop(first);

    const file = join(root, 'run.yaml');
    writeFileSync(file, `${monitor('traffic')}---${refused('one')}`);
    expect(await squall('run', file, '--sflow', 'none', '--state', state)).toMatchObject({ code: 3 });

    const second = serve('--sflow', 'none');
    await second.logged(/"serving"/);
    expect((await second.store.list(monitors)).items.map(({ metadata }) => metadata.name)).toEqual(['served']);
    await stop(second);
  });

  it('writes the report of a run also when its schedule keeps none of them', async () => {
    writeFileSync(join(folder, 'a.yaml'), everySecond.replace('HistoryLimit: 2', 'HistoryLimit: 0'));
    const serving = serve();
    await eventually('three ticks', () => (ticksIn(state).length >= 3 ? true : undefined));
    await stop(serving);
    const runs = readdirSync(join(state, 'runs'));
    expect(runs.length).toBeGreaterThan(0);
    expect(runs.filter((uid) => !existsSync(join(state, 'runs', uid, 'report.json')))).toEqual([]);
  });

  it('reports a bad file and keeps what came from it; what a deleted file held is deleted', async () => {
    writeFileSync(join(folder, 'a.yaml'), refused('one'));
    writeFileSync(join(folder, 'b.yaml'), refused('two'));
    const serving = serve();
    await oneReport('two');
    writeFileSync(join(folder, 'a.yaml'), 'kind: Nonsense');
    rmSync(join(folder, 'b.yaml'));
    await serving.logged(/a\.yaml:1: .*expected networkmachinery/);
    await eventually('the end of two', async () => ((await namesIn(serving.store)).length === 1 ? true : undefined));
    expect(await namesIn(serving.store)).toEqual(['one']);
    const configMaps = { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true };
    const stored = await serving.store.get(configMaps, { namespace: 'squall-system', name: 'squall-folder' });
    const { problems } = (stored as unknown as { data: { problems: string } }).data;
    expect(JSON.parse(problems)).toMatchObject([{ file: join(folder, 'a.yaml'), line: 1 }]);
    await stop(serving);
  });

  it('is asked by clean what is left, and which runs are active', async () => {
    const serving = serve();
    await serving.logged(/"serving"/);
    expect(await squall('clean', '--state', state)).toMatchObject({ code: 0, stderr: '' });
    await stop(serving);
  });

  it('keeps a state folder to itself', async () => {
    const serving = serve();
    await serving.logged(/"serving"/);
    const second = await squall('serve', folder, '--state', state, '--listen', 'none');
    expect(second).toMatchObject({ code: 7, stderr: expect.stringContaining('StateInUse') as string });
    await stop(serving);
  });

  it.each(['a file', 'a socket that somebody listens on'])(
    'refuses a socket path that is %s, and leaves it alone',
    async (what) => {
      mkdirSync(state);
      const path = join(state, 'api.sock');
      const server = createServer();
      if (what === 'a file') writeFileSync(path, 'precious');
      else await new Promise<void>((listening) => server.listen(path, listening));
      const { ino } = statSync(path);
      const { code, stderr } = await squall('serve', folder, '--state', state, '--listen', 'none');
      expect(code).toBe(7);
      expect(stderr).toMatch(/StateInUse: .*api\.sock .*(remove it|stop it) or use another state folder/);
      expect(statSync(path).ino).toBe(ino);
      server.close();
    },
  );

  it('refuses a folder that is none', async () => {
    expect(await squall('serve', join(root, 'nothing'), '--state', state)).toMatchObject({ code: 2 });
  });
});

describe('squall serve with a schedule', { timeout }, () => {
  it('starts its runs by the clock, names them by their ticks, and writes down one outcome for every tick', async () => {
    writeFileSync(join(folder, 'often.yaml'), everySecond);
    const serving = serve();
    const ticks = await eventually('five ticks', () => {
      const written = ticksIn(state);
      return written.length >= 5 ? written : undefined;
    });
    await stop(serving);
    expect(new Set(ticks.map(({ tick }) => tick)).size).toBe(ticks.length);
    const startedTicks = ticks.filter(({ outcome }) => outcome === 'Started');
    expect(startedTicks.length).toBeGreaterThan(0);
    for (const { tick, run } of startedTicks) expect(run).toBe(`often-${String(Date.parse(tick) / 1000)}`);
    const stored = startServe(folder, state);
    started.push(stored);
    await stored.logged(/"serving"/);
    const runs = (await namesIn(stored.store)).filter((name) => name.startsWith('often-'));
    // What it keeps is bounded by the schedule; one may be running.
    expect(runs.length).toBeLessThanOrEqual(3);
    await stop(stored);
    const all = ticksIn(state).map(({ tick }) => tick);
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('squall serve on a lab that is up', { timeout }, () => {
  beforeEach(async () => {
    const { code, stderr } = await squall('lab', 'up', resolve('test/fixtures/lab/trio.yaml'), '--state', state);
    expect(code, stderr).toBe(0);
  }, timeout);
  afterEach(async () => {
    await stopAll();
    await squall('lab', 'down', '--state', state);
  }, timeout);

  const phaseOf = async (store: Store) =>
    (await store.get(experiments, { namespace: 'test', name: 'endless' }).catch(() => undefined))?.status?.run.phase;

  async function untilDuring(store: Store): Promise<void> {
    await eventually('the phase during', async () => ((await phaseOf(store)) === 'during' ? true : undefined));
  }

  it('aborts what is active when it is told to stop, and reports it; the lab stays', async () => {
    const serving = serve();
    await serving.logged(/"serving"/);
    await serving.store.create(experiments, endless);
    await untilDuring(serving.store);
    serving.process.kill('SIGTERM');
    await serving.logged(/"stopping/);
    serving.process.kill('SIGTERM');
    const { code, stderr } = await serving.ended;
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('already undoing');
    expect(reportsOf('endless')).toMatchObject([{ verdict: 'Aborted', reason: 'Stopped', residue: 0 }]);
    expect((await squall('lab', 'exec', 'test/client', '--state', state, '--', 'true')).code).toBe(0);
  });

  it('that was killed reports what was cut off as Aborted (Restarted) when it is started again', async () => {
    const killed = serve();
    await killed.logged(/"serving"/);
    await killed.store.create(experiments, endless);
    await untilDuring(killed.store);
    killed.process.kill('SIGKILL');
    await killed.ended;
    const again = serve();
    const [report] = await oneReport('endless');
    expect(report).toMatchObject({ verdict: 'Aborted', reason: 'Restarted', residue: 0 });
    await stop(again);
  });
});

describe('squall serve on a full disk', { timeout }, () => {
  beforeEach(() => {
    mkdirSync(state);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'squall-test', state]);
  });
  afterEach(async () => {
    await stopAll();
    execFileSync('umount', [state]);
  });

  it('goes on, says so, and does what it could not once there is room', async () => {
    const serving = serve();
    await serving.logged(/"serving"/);
    const filler = join(state, 'filler');
    fill(filler);
    for (const name of ['one', 'two', 'three']) writeFileSync(join(folder, `${name}.yaml`), refused(name));
    await serving.logged(/(Unavailable|ENOSPC|no space|full)/i);
    rmSync(filler);
    for (const name of ['one', 'two', 'three']) await oneReport(name);
    const store = storeOf(state);
    expect(await namesIn(store)).toEqual(['one', 'three', 'two']);
    store.close();
    await stop(serving);
  });
});

/** Until nothing more fits. */
function fill(file: string): void {
  for (const size of [65_536, 4096, 1]) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
    }
  }
}
