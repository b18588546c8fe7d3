import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiVersion } from '../../../src/api/index.ts';
import { experiments, leases, monitors, notifications } from '../../../src/control/index.ts';
import { type Machine, obedient, shortRun, startMachine } from '../../control/machine.ts';
import { clusterOver, type TestCluster } from '../cluster.ts';
import { type Exporter, receivingAt, startExporter } from '../network/exporter.ts';
import { eventually } from '../serve/process.ts';
import { squall } from '../squall.ts';

let machine: Machine;
let cluster: TestCluster;
const started: ChildProcess[] = [];
const exporters: Exporter[] = [];
beforeEach(async () => {
  machine = await startMachine(obedient);
  cluster = await clusterOver(join(machine.folder, 'api.sock'));
});
afterEach(async () => {
  for (const exporter of exporters.splice(0)) exporter.close();
  for (const child of started.splice(0)) child.kill('SIGKILL');
  await cluster[Symbol.asyncDispose]();
  await machine.stop();
});

const program = join(import.meta.dirname, '../../../src/cli/main.ts');
const local = ['--listen', '127.0.0.1:0', '--metrics', '127.0.0.1:0', '--lease-seconds', '3'];

function startObserver(...more: string[]): { child: ChildProcess; log: () => string; ended: Promise<number | null> } {
  const args = ['--no-warnings', program, 'observer', '--kubeconfig', cluster.kubeconfig, ...local, ...more];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  started.push(child);
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, log: () => log, ended };
}

const traffic = { namespace: 'shop', name: 'traffic' };
const watched = {
  apiVersion,
  kind: 'NetworkMonitor',
  metadata: traffic,
  spec: {
    flows: [{ name: 'udp', keys: 'ipsource,udpdestinationport', value: 'frames' }],
    thresholds: [{ name: 'storm', flowName: 'udp', value: 100 }],
  },
};

const untilState = async (state: string): Promise<void> => {
  await eventually(`the monitor to be ${state}`, async () => {
    const { status } = await machine.store.get(monitors, traffic);
    return status?.state === state ? true : undefined;
  });
};

describe('squall observer', () => {
  it('opens its port for the first monitor, tells what it sees, and has an armed run aborted; its end is the end of the signal', async () => {
    const { child, log, ended } = startObserver('--sflow-rt', 'none');
    const metrics = await eventually('its metrics', () => /"address":"([^"]+)","msg":"metrics/.exec(log())?.[1]);
    await eventually('its readiness', async () => ((await fetch(`http://${metrics}/readyz`)).ok ? true : undefined));
    expect(receivingAt(log())).toBeUndefined();

    await machine.store.create(monitors, watched);
    const exporter = startExporter(await eventually('its port', () => receivingAt(log())), 20);
    exporters.push(exporter);
    await untilState('quiet');

    const abort = [{ monitor: { ref: 'traffic', threshold: 'storm' } }];
    const armed = { ...shortRun, duration: '10m', abort };
    const { metadata } = await machine.create(armed);
    await machine.untilPhase('run', 'during');
    exporter.framesPerSecond = 1000;
    const aborted = await machine.untilDone('run');
    expect(aborted.status).toMatchObject({ verdict: 'Aborted', reason: 'MonitorFired', residue: 0 });
    const { items } = await machine.store.list(notifications, { namespace: 'shop' });
    const told = items.find(({ spec }) => spec.run?.uid === metadata.uid);
    expect(told?.spec).toMatchObject({
      monitor: 'traffic',
      networkEvent: { event: { thresholdID: 'storm', flowKey: '10.0.0.1,8080' } },
    });
    expect(await (await fetch(`http://${metrics}/metrics`)).text()).toMatch(/^squall_collector_datagrams_total [1-9]/m);

    exporter.framesPerSecond = 20;
    await untilState('quiet');
    await machine.store.create(experiments, {
      ...aborted,
      metadata: { name: 'unwatched', namespace: 'shop' },
      status: undefined,
    });
    await machine.untilPhase('unwatched', 'during');
    child.kill('SIGTERM');
    expect(await ended, log()).toBe(0);
    expect((await machine.untilDone('unwatched')).status).toMatchObject({ verdict: 'Aborted', reason: 'SignalLost', residue: 0 });
    const { spec } = await machine.store.get(leases, { namespace: 'squall-system', name: 'squall-observer' });
    expect(spec.holderIdentity).toBe('');
  }, 180_000);

  it("serves sFlow-RT's API over its collector", async () => {
    const { log } = startObserver('--sflow-rt', '127.0.0.1:0');
    const rest = await eventually('its API', () => /"address":"([^"]+)","msg":"sFlow-RT's/.exec(log())?.[1]);
    exporters.push(startExporter(await eventually('its port', () => receivingAt(log())), 50));
    await fetch(`http://${rest}/flow/udp/json`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ keys: 'ipsource', value: 'frames' }),
    });
    await eventually('its flows', async () => {
      const flows = (await (await fetch(`http://${rest}/activeflows/ALL/udp/json`)).json()) as { key: string }[];
      return flows.some(({ key }) => key === '10.0.0.1') ? true : undefined;
    });
  }, 120_000);

  it.each([
    ['without --endpoints does not ask its own machine', [], '127.0.0.1'],
    ['asks nobody outside of --endpoints', ['--endpoints', '10.0.0.10,127.0.0.1'], '192.0.2.1'],
  ])(
    '%s, whatever a monitor names',
    async (_what, options, ip) => {
      startObserver(...options);
      const spec = { flows: watched.spec.flows, monitoringEndpoint: { ip, port: 8008 } };
      await machine.store.create(monitors, { ...watched, spec });
      await untilState('undecidable');
      const { status } = await machine.store.get(monitors, traffic);
      const accepted = status?.conditions.find(({ type }) => type === 'Accepted');
      expect(accepted).toMatchObject({ status: 'False', message: expect.stringContaining(`found '${ip}'`) as string });
    },
    60_000,
  );

  it.each([
    ['a lease that no server could keep', ['--lease-seconds', '1'], /expected a whole number from 3 to 3600, found '1'/],
    ['a name to receive at', ['--listen', 'localhost:6343'], /--listen: expected an IP address of this machine/],
    ['networks that are none', ['--allow', '10.0.0.0/33'], /--allow: expected networks or addresses such as/],
    ['endpoints that are none', ['--endpoints', 'sflow-rt'], /--endpoints: expected networks or addresses such as/],
    ['a buffer with a unit', ['--receive-buffer', '8M'], /--receive-buffer: expected a whole number of bytes/],
    ['an API over nothing', ['--listen', 'none', '--sflow-rt', '127.0.0.1:0'], /--sflow-rt: expected a --listen address/],
    ['no address for metrics', ['--metrics', 'somewhere'], /--metrics: expected an address and a port/],
    ['a kubeconfig that is not there', ['--kubeconfig', '/nowhere'], /expected a file, and there is none/],
  ])(
    'refuses %s',
    async (_what, args, message) => {
      const result = await squall('observer', '--kubeconfig', cluster.kubeconfig, ...args);
      expect([result.code, result.stderr]).toEqual([2, expect.stringMatching(message)]);
    },
    60_000,
  );
});
