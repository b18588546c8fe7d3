import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { experiments, leases } from '../../../src/control/index.ts';
import { apiVersion } from '../../../src/api/index.ts';
import { reportAnnotation } from '../../../src/cluster/index.ts';
import type { Resource } from '../../../src/store/index.ts';
import type { StatusView } from '../../../src/cli/operate/status-view.ts';
import { type Machine, obedient, startMachine, shortRun as spec } from '../../control/machine.ts';
import { clusterOver, type TestCluster } from '../cluster.ts';
import { eventually } from '../serve/process.ts';
import { squall } from '../squall.ts';

const namespaces: Resource = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };

let machine: Machine;
let cluster: TestCluster;
const started: ChildProcess[] = [];
beforeEach(async () => {
  machine = await startMachine(obedient, { controlled: false });
  cluster = await clusterOver(join(machine.folder, 'api.sock'));
  await machine.store.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } });
});
afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  await cluster[Symbol.asyncDispose]();
  await machine.stop();
});

function startOperator(): { child: ChildProcess; log: () => string; ended: Promise<number | null> } {
  const program = join(import.meta.dirname, '../../../src/cli/main.ts');
  const args = ['--no-warnings', program, 'operator', '--kubeconfig', cluster.kubeconfig, '--listen', '127.0.0.1:0'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  started.push(child);
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, log: () => log, ended };
}

describe('squall operator', () => {
  it('leads, works, tells its health, reports, obeys an abort; and gives its lease back when it is stopped', async () => {
    const { child, log, ended } = startOperator();
    const address = await eventually('its address', () => /"address":"([^"]+)"/.exec(log())?.[1]);
    await eventually('its lead', () => (log().includes('leading: the reconcilers run here') ? true : undefined));
    await eventually('its readiness', async () => ((await fetch(`http://${address}/readyz`)).ok ? true : undefined));
    expect((await fetch(`http://${address}/healthz`)).status).toBe(200);
    expect((await machine.run(spec)).status).toMatchObject({ verdict: 'Passed' });
    expect(await (await fetch(`http://${address}/metrics`)).text()).toContain('squall_runs_total{verdict="Passed"');
    await eventually('its report', async () => {
      const { metadata } = await machine.store.get(experiments, { namespace: 'shop', name: 'run' });
      return metadata.annotations?.[reportAnnotation];
    });
    const { metadata } = await machine.store.create(experiments, {
      apiVersion,
      kind: 'NetworkExperiment',
      metadata: { name: 'long', namespace: 'shop' },
      spec: { ...spec, duration: '10m' },
    });
    await machine.untilPhase('long', 'during');
    const shown = await squall('status', '--kubeconfig', cluster.kubeconfig, '-o', 'json');
    expect((JSON.parse(shown.stdout) as StatusView).experiments).toMatchObject([
      { name: 'long', phase: 'during', targets: 1 },
      { name: 'run', phase: 'done', verdict: 'Passed' },
    ]);
    const previewed = await squall('preview', metadata.name, '--kubeconfig', cluster.kubeconfig);
    expect([previewed.code, previewed.stderr]).toEqual([0, '']);
    expect(previewed.stdout).toMatch(/^shop\/long hurts 1 pod on 1 node for 600s /);
    const aborted = await squall('abort', metadata.name, '--kubeconfig', cluster.kubeconfig);
    expect([aborted.code, aborted.stderr]).toEqual([0, '']);
    expect(aborted.stdout).toMatch(/^shop\/long: Aborted \(AbortRequested\); first target clean .*; residue 0\n$/);
    child.kill('SIGTERM');
    expect(await ended, log()).toBe(0);
    const report = await squall('report', 'run', '--kubeconfig', cluster.kubeconfig, '-o', 'json');
    expect(JSON.parse(report.stdout), report.stderr).toMatchObject({ verdict: 'Passed', experiment: { namespace: 'shop' } });
    const { spec: lease } = await machine.store.get(leases, { namespace: 'squall-system', name: 'squall-operator' });
    expect(lease.holderIdentity).toBe('');
  }, 120_000);

  it.each([
    ['a lease that no server could keep', ['--lease-seconds', '1'], 2, /expected a whole number from 3 to 3600, found '1'/],
    ['a kubeconfig that is not there', ['--kubeconfig', '/nowhere'], 2, /expected a file, and there is none/],
    ['a ceiling that is none', ['--max-targets', '0'], 2, /--max-targets: expected a whole number from 1 to 100000, found '0'/],
    ['no address', ['--listen', 'somewhere'], 2, /--listen: expected an address and a port/],
  ])(
    'refuses %s',
    async (_what, args, code, message) => {
      const result = await squall('operator', '--kubeconfig', cluster.kubeconfig, ...args);
      expect([result.code, result.stderr]).toEqual([code, expect.stringMatching(message)]);
    },
    60_000,
  );
});
