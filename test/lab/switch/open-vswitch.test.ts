import { existsSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Lab, labDown, labExec, type LabPlace, labStatus, labUp, setLabSflowTarget } from '../../../src/lab/index.ts';
import { readRecord } from '../../../src/lab/record.ts';
import { runProgram } from '../../../src/lib/index.ts';
import {
  idlePod,
  markedProcesses,
  networkNamespaces,
  newPlace,
  removePlace,
  supportFolder,
  topologyOf,
} from '../support/labs.ts';
import { hasOpenVswitch } from '../support/open-vswitch.ts';
import { listenToSflow, samplesOf, type SflowListener } from '../support/sflow-listener.ts';

const server = `---
apiVersion: v1
kind: Pod
metadata: { name: server, labels: { app: server } }
spec:
  containers:
    - name: server
      command: [node, server.mjs]
      env: [{ name: PORT, value: '7000' }]
      readinessProbe: { tcpSocket: { port: 7000 } }
    - name: echo
      command: [node, -e, "require('net').createServer((socket) => socket.pipe(socket)).listen(9000, '::')"]
      readinessProbe: { tcpSocket: { port: 9000 } }
---
apiVersion: v1
kind: Service
metadata: { name: answers }
spec:
  selector: { app: server }
  ports:
    - { name: tcp, port: 80, targetPort: 7000 }
    - { name: udp, port: 80, targetPort: 7000, protocol: UDP }
`;
const openVswitch = (data: string) =>
  `---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: lab-switch }\ndata: { switch: openvswitch, ${data} }\n`;
const everyPacket = (...ports: number[]) =>
  openVswitch(`sampling: '1', polling: 1s, collectors: '${ports.map((port) => `127.0.0.1:${String(port)}`).join(',')}'`);

/** Sends so many bytes to an echo server at once, and prints how many came back. */
const echo = (address: string, bytes: number) =>
  `const s = require('net').connect(9000, '${address}'); let n = 0; s.on('data', (d) => { n += d.length; if (n === ${String(bytes)}) { console.log(n); s.destroy(); } }); s.write(Buffer.alloc(${String(bytes)}))`;

describe.skipIf(!hasOpenVswitch)('a lab with Open vSwitch between its pods', { timeout: 60_000 }, () => {
  const place = newPlace();
  let lab: Lab;
  let listener: SflowListener;
  let second: SflowListener;
  let linksBefore: string;

  const linksOfTheMachine = async () => (await runProgram('ip', ['-o', '-br', 'link'])).stdout;
  beforeAll(async () => {
    linksBefore = await linksOfTheMachine();
    [listener, second] = await Promise.all([listenToSflow(), listenToSflow()]);
    lab = await labUp({ ...place, topology: topologyOf(idlePod('client') + server + everyPacket(listener.port, second.port)) });
  }, 120_000);
  afterAll(async () => {
    await removePlace(place);
    listener.close();
    second.close();
  });

  const addressesOf = (pod: string) =>
    lab.pods.find(({ metadata }) => metadata.name === pod)?.status?.podIPs.map(({ ip }) => ip) ?? [];
  const exec = async (...command: string[]) => await labExec({ ...place, pod: 'client', command });
  const ask = async (protocol: string, address: string, port: number) => {
    const { stdout, stderr } = await exec('node', 'ask.mjs', protocol, address, String(port), '1');
    expect(stderr).toBe('');
    return JSON.parse(stdout) as { pod?: string; from?: string }[];
  };
  const countBetween = (from: string, to: string, ipProtocol: number) =>
    listener.packets().filter((one) => one.ipSource === from && one.ipDestination === to && one.ipProtocol === ipProtocol).length;

  it('carries TCP and UDP between pods and through services, with the real address of the peer', async () => {
    const clusterIPs = lab.services[0]?.spec.clusterIPs ?? [];
    for (const family of [0, 1]) {
      const expected = [{ pod: 'server', from: addressesOf('client')[family] }];
      expect(await ask('tcp', addressesOf('server')[family] ?? '', 7000)).toEqual(expected);
      for (const protocol of ['tcp', 'udp']) expect(await ask(protocol, clusterIPs[family] ?? '', 80)).toEqual(expected);
    }
  });

  it.each([0, 1])(
    'carries bulk TCP, whose segments and checksums a link may leave to somebody else (address %d)',
    async (family) => {
      const bytes = 3_000_000;
      const { stdout } = await exec('node', '-e', echo(addressesOf('server')[family] ?? '', bytes));
      expect(stdout.trim()).toBe(String(bytes));
    },
  );

  it('samples every packet once, where its pod sends it', async () => {
    const [client = '', target = ''] = [addressesOf('client')[0], addressesOf('server')[0]];
    const before = [countBetween(client, target, 1), countBetween(target, client, 1)];
    const { stdout } = await exec('ping', '-c', '20', '-i', '0.02', '-s', '120', target);
    expect(stdout).toContain('20 received');
    const since = () =>
      [countBetween(client, target, 1), countBetween(target, client, 1)].map((count, way) => count - (before[way] ?? 0));
    // What is held back goes out within a second.
    await expect.poll(since, { timeout: 5000 }).toEqual([20, 20]);
    const { frameLength, stripped } = listener.packets().find((one) => one.ipSource === client && one.ipProtocol === 1) ?? {};
    expect((frameLength ?? 0) - (stripped ?? 0)).toBe(14 + 20 + 8 + 120);
  });

  it('says who it is, and tells the counters of the ports', async () => {
    const kinds = () =>
      new Set(
        listener.heard.flatMap(({ datagram }) =>
          samplesOf(datagram).map((sample) => `${String('agent' in datagram ? datagram.agent : '')} ${sample.kind}`),
        ),
      );
    await expect.poll(kinds, { timeout: 5000 }).toEqual(new Set(['10.88.0.1 flow', '10.88.0.1 counters']));
  });

  it('does not let the node answer in the place of the switch', async () => {
    const { stdout } = await exec('ip', 'neigh', 'show', '10.88.0.1');
    expect(stdout).toContain('lladdr 02:53:71:75:61:6c');
  });

  it('changes nothing of the network of the machine', async () => {
    expect(await linksOfTheMachine()).toBe(linksBefore);
  });

  it('shows the switch in its status', async () => {
    expect((await labStatus(place))?.switch).toEqual(lab.switch);
    expect(lab.switch).toEqual({
      kind: 'openvswitch',
      sampling: 1,
      pollingSeconds: 1,
      headerBytes: 128,
      agent: '10.88.0.1',
      collectors: [`127.0.0.1:${String(listener.port)}`, `127.0.0.1:${String(second.port)}`],
      processes: ['ovsdb-server', 'ovs-vswitchd', 'sflow-relay'].map((name) => ({ name, state: 'running' })),
    });
  });

  it('exports to another collector when it is told, and goes on telling the others', async () => {
    const later = await listenToSflow();
    try {
      expect(await setLabSflowTarget(place, { host: '127.0.0.1', port: later.port })).toBe(true);
      const [heardBefore, secondBefore] = [listener.heard.length, second.heard.length];
      await exec('ping', '-c', '20', '-i', '0.01', addressesOf('server')[0] ?? '');
      await expect.poll(() => later.packets().length, { timeout: 5000 }).toBeGreaterThanOrEqual(40);
      await expect.poll(() => second.heard.length, { timeout: 5000 }).toBeGreaterThan(secondBefore);
      expect(listener.heard.length).toBe(heardBefore);
      expect((await labStatus(place))?.switch?.collectors[0]).toBe(`127.0.0.1:${String(later.port)}`);
      expect(await setLabSflowTarget(place, { host: '127.0.0.1', port: listener.port })).toBe(true);
    } finally {
      later.close();
    }
  });
});

describe.skipIf(!hasOpenVswitch)('the life of a lab with Open vSwitch', { timeout: 60_000 }, () => {
  let place: LabPlace;
  beforeEach(() => {
    place = newPlace();
  });
  afterEach(async () => {
    await removePlace(place);
  });

  const text = idlePod('one') + idlePod('two') + everyPacket(6343);
  /** A process that makes the lab, and kills itself at a step. */
  const startMaker = (step: string) => {
    const file = join(place.stateFolder, 'topology.yaml');
    writeFileSync(file, text);
    const args = [join(supportFolder, 'up-until.ts'), place.stateFolder, place.instance, file, step, 'kill'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.resume();
    return { child, ended: new Promise((resolve) => child.once('exit', resolve)) };
  };
  const expectNothingLeft = () => {
    expect(networkNamespaces()).not.toContain(`squall-node-${place.instance}`);
    expect(markedProcesses(place.instance)).toEqual([]);
    expect(existsSync(join(place.stateFolder, 'lab', 'switch'))).toBe(false);
  };

  it('goes down leaving nothing', async () => {
    await labUp({ ...place, topology: topologyOf(text) });
    // Two pods, and three of the switch.
    expect(await labDown(place)).toMatchObject({ processes: 5, forgotten: false });
    expectNothingLeft();
  });

  it.each(['switch', 'network', 'processes'])('is removed without a trace when its maker was killed at step %s', async (step) => {
    await startMaker(step).ended;
    expect(markedProcesses(place.instance).length).toBeGreaterThanOrEqual(2);
    await labDown(place);
    expectNothingLeft();
  });

  // The switch starts within about a second after the namespaces are made.
  it.each([100, 400, 700, 1000])('is removed without a trace %d ms after its namespaces were made', async (delayMs) => {
    const maker = startMaker('never');
    await new Promise<void>((resolve) =>
      createInterface({ input: maker.child.stdout }).on('line', (line) => {
        if (line === 'namespaces') resolve();
      }),
    );
    await sleep(delayMs);
    maker.child.kill('SIGKILL');
    await maker.ended;
    await labDown(place);
    expectNothingLeft();
  });

  it('tells which process of the switch has ended', async () => {
    await labUp({ ...place, topology: topologyOf(text) });
    const record = await readRecord(place.stateFolder);
    process.kill(record?.processes['switch/ovs-vswitchd']?.pid ?? expect.fail(), 'SIGKILL');
    await expect
      .poll(async () => (await labStatus(place))?.switch?.processes.filter(({ state }) => state === 'ended'))
      .toEqual([{ name: 'ovs-vswitchd', state: 'ended' }]);
  });

  it('has an exporter to point elsewhere, and a lab without one has none', async () => {
    const collector = { host: '127.0.0.1', port: 6344 };
    expect(await setLabSflowTarget(place, collector)).toBe(false);
    await labUp({ ...place, topology: topologyOf(idlePod('one')) });
    expect(await setLabSflowTarget(place, collector)).toBe(false);
  });
});
