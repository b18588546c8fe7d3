import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitCodeOf, type Report } from '../../../src/api/index.ts';
import { type ExperimentObject, experiments, halts, nodes, type Pod, pods } from '../../../src/control/index.ts';
import { instanceId } from '../../../src/cli/state.ts';
import { labStatus } from '../../../src/lab/index.ts';
import { runProgram } from '../../../src/lib/index.ts';
import { type Snapshot, snapshot } from '../../kernel/namespaces.ts';
import { eventually, startServe } from '../serve/process.ts';
import { type KernelTrace, startKernelTrace } from './kernel-trace.ts';
import { manifestOf, unsafeSituations } from './unsafe-situations.ts';

const refusedExit = 3;
const program = resolve('bin/squall.js');
const topology = resolve('test/fixtures/lab/guarded.yaml');

let state: string;
let namespaces: string[];
let trace: KernelTrace;

async function squall(...args: string[]) {
  return await runProgram(process.execPath, [program, ...args, '--state', state], { timeoutMs: 300_000 });
}

/** Runs experiments as people do, one after the other, on this kernel. */
async function run(
  manifests: readonly unknown[],
  options: readonly string[],
): Promise<{ code: number | null; reports: Report[] }> {
  const file = join(state, 'experiments.json');
  writeFileSync(file, manifests.map((one) => JSON.stringify(one)).join('\n---\n'));
  const { code, stdout, stderr } = await squall('run', file, '--guest', 'never', '-o', 'json', ...options);
  expect(stdout, stderr).not.toBe('');
  return { code, reports: [JSON.parse(stdout) as Report | Report[]].flat() };
}

const looks = async (): Promise<Snapshot[]> => await Promise.all(namespaces.map(snapshot));

beforeAll(async () => {
  state = mkdtempSync(join(tmpdir(), 'squall-unsafe-'));
  const { code, stderr } = await squall('lab', 'up', topology);
  expect(code, stderr).toBe(0);
  const lab = await labStatus({ stateFolder: state, instance: instanceId(state) });
  namespaces = [lab?.nodeNetworkNamespace ?? '', ...(lab?.pods ?? []).map(({ metadata }) => `squall-${metadata.uid ?? ''}`)];
  trace = await startKernelTrace(namespaces);
  // A lab is up before the kernel has told of every link that is.
  for (let quiet = 0; quiet < 3; quiet = Object.keys(await trace.changes()).length === 0 ? quiet + 1 : 0) await sleep(1000);
}, 120_000);
afterAll(async () => {
  await trace.dispose();
  await squall('lab', 'down');
  rmSync(state, { recursive: true });
}, 120_000);

describe('an unsafe experiment is Refused with exit code 3 and a reason, and the kernel tells of no change in any namespace,', () => {
  const groups = Map.groupBy(unsafeSituations, ({ ceilings = [] }) => ceilings.join(' '));

  it('in at least 25 situations', () => {
    expect(new Set(unsafeSituations.map(({ what }) => what)).size).toBeGreaterThanOrEqual(25);
  });

  it.each([...groups])(
    'with the ceilings "%s"',
    async (_, situations) => {
      const before = await looks();
      const manifests = situations.map((situation, index) => manifestOf(situation, `unsafe-${String(index)}`));
      const { code, reports } = await run(manifests, situations[0]?.ceilings ?? []);
      const found = reports.map(({ verdict, reason, message, residue }, index) => {
        const { what, message: expected } = situations[index] ?? {};
        return {
          what,
          verdict,
          reason,
          exit: exitCodeOf(verdict, reason),
          residue,
          message: expected?.test(message) === true || message,
        };
      });
      const wanted = situations.map(({ what, reason }) => {
        return { what, verdict: 'Refused', reason, exit: refusedExit, residue: 0, message: true };
      });
      expect(found).toEqual(wanted);
      expect(code).toBe(refusedExit);
      expect(await trace.changes()).toEqual({});
      expect(await looks()).toEqual(before);
    },
    300_000,
  );
});

it('a safe experiment is not refused, and the trace shows what it changes, in its target alone', async () => {
  const before = await looks();
  const { code, reports } = await run([manifestOf({}, 'safe')], []);
  // Nobody sends anything: there is no dose.
  expect(reports).toMatchObject([{ verdict: 'Inconclusive', reason: 'NoDose', residue: 0 }]);
  expect(code).toBe(exitCodeOf('Inconclusive', 'NoDose'));
  const target = `squall-${reports[0]?.targets[0]?.uid ?? ''}`;
  const changed = await trace.changes();
  expect(Object.keys(changed)).toContain(`${target} nft`);
  expect(new Set(Object.keys(changed).map((key) => key.split(' ')[0]))).toEqual(new Set([target]));
  expect(await looks()).toEqual(before);
}, 120_000);

describe('squall serve refuses an unsafe experiment as well, and changes nothing in the kernel,', () => {
  it('where a pod has no network of its own, or is on a node that is not ready, and while everything is halted', async () => {
    const before = await looks();
    const folder = join(state, 'served');
    mkdirSync(folder);
    const serving = startServe(folder, state, '--guest', 'never');
    await serving.logged(/"serving"/);
    const { store } = serving;
    const web = await store.get(pods, { namespace: 'shop', name: 'web-0' });
    const put = async (name: string, spec: Pod['spec'], metadata: Partial<Pod['metadata']> = {}) => {
      const named = { name, namespace: 'shop', labels: { app: name }, ...metadata };
      const created = await store.create(pods, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: named,
        spec: { ...web.spec, ...spec },
      });
      await store.updateStatus(pods, { ...created, status: web.status });
    };
    await put('on-host', { hostNetwork: true });
    await put('on-lost-node', { nodeName: 'lost' });
    const lost = await store.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'lost' }, spec: {} });
    await store.updateStatus(nodes, { ...lost, status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } });

    const outcomeOf = async (name: string, target = name) => {
      const changes = { targets: [{ kind: 'pod', namespace: 'shop', name: target }] };
      await store.create(experiments, manifestOf({ changes }, name) as ExperimentObject);
      return await eventually(`the end of ${name}`, async () => {
        const { status } = await store.get(experiments, { namespace: 'shop', name });
        const { verdict, reason = '', message = '' } = status ?? {};
        return verdict === undefined ? undefined : { exit: exitCodeOf(verdict, reason), reason, message };
      });
    };
    const notAllowed = (message: RegExp) => {
      return { exit: refusedExit, reason: 'TargetNotAllowed', message: expect.stringMatching(message) as string };
    };
    expect(await outcomeOf('on-host')).toEqual(notAllowed(/HostNetwork/));
    expect(await outcomeOf('on-lost-node')).toEqual(notAllowed(/NodeNotReady/));
    await store.create(halts, {
      apiVersion: halts.apiVersion,
      kind: halts.kind,
      metadata: { name: 'halt' },
      spec: { reason: 'x', by: 'y' },
    });
    expect(await outcomeOf('while-halted', 'web-0')).toMatchObject({ exit: refusedExit, reason: 'Halted' });
    await store.delete(halts, { name: 'halt' });
    for (const name of ['on-host', 'on-lost-node']) await store.delete(pods, { namespace: 'shop', name });
    await store.delete(nodes, { name: 'lost' });
    store.close();
    serving.process.kill('SIGTERM');
    expect(await serving.ended).toMatchObject({ code: 0 });
    expect(await trace.changes()).toEqual({});
    expect(await looks()).toEqual(before);
  }, 180_000);
});
