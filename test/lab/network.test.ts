import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, labExec, labUp } from '../../src/lab/index.ts';
import { newPlace, removePlace, topologyOf } from './support/labs.ts';

const server = (name: string, port: number) => `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: server } }
spec:
  containers:
    - name: server
      command: [node, server.mjs]
      env: [{ name: PORT, value: '${String(port)}' }]
      ports: [{ name: answer, containerPort: ${String(port)} }]
      readinessProbe: { tcpSocket: { port: answer } }
`;

const topology = topologyOf(`
apiVersion: v1
kind: Pod
metadata: { name: client }
spec: { containers: [{ name: main, command: [sleep, '1000'] }] }
${server('server-0', 7000)}${server('server-1', 7000)}${server('server-2', 9000)}---
apiVersion: v1
kind: Service
metadata: { name: answers }
spec:
  selector: { app: server }
  ports:
    - { name: tcp, port: 80, targetPort: answer }
    - { name: udp, port: 80, targetPort: answer, protocol: UDP }
---
apiVersion: v1
kind: Service
metadata: { name: nobody }
spec: { selector: { app: none }, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: headless }
spec: { selector: { app: server }, clusterIP: None, ports: [{ port: 80, targetPort: answer }] }
`);

type Answer = { pod?: string; from?: string; error?: string };

describe.skipIf(process.getuid?.() !== 0)('a lab network', { timeout: 30_000 }, () => {
  const place = newPlace();
  let lab: Lab;

  beforeAll(async () => {
    lab = await labUp({ ...place, topology });
  }, 60_000);
  afterAll(async () => {
    await removePlace(place);
  });

  const addressesOf = (pod: string) =>
    lab.pods.find(({ metadata }) => metadata.name === pod)?.status?.podIPs.map(({ ip }) => ip) ?? [];
  const clusterIPsOf = (service: string) => lab.services.find(({ metadata }) => metadata.name === service)?.spec.clusterIPs ?? [];
  const exec = async (pod: string, ...command: string[]) => await labExec({ ...place, pod, command });
  const ask = async (pod: string, protocol: string, address: string, port: number, times: number) => {
    const { stdout, stderr } = await exec(pod, 'node', 'ask.mjs', protocol, address, String(port), String(times));
    expect(stderr).toBe('');
    return JSON.parse(stdout) as Answer[];
  };

  it.each([0, 1])('carries pings between pods (address %d)', async (family) => {
    const address = addressesOf('server-1')[family] ?? '';
    const { stdout, code } = await exec('client', 'ping', '-c', '3', '-i', '0.05', '-W', '2', address);
    expect(stdout).toContain('3 received');
    expect(code).toBe(0);
  });

  it.each([0, 1])('shows a pod the real address of its peer (address %d)', async (family) => {
    const [answer] = await ask('client', 'tcp', addressesOf('server-0')[family] ?? '', 7000, 1);
    expect(answer).toEqual({ pod: 'server-0', from: addressesOf('client')[family] });
  });

  it.each([
    ['tcp', 0],
    ['tcp', 1],
    ['udp', 0],
    ['udp', 1],
  ])('spreads %s connections to cluster address %d evenly, keeping the source address', async (protocol, family) => {
    const answers = await ask('client', protocol, clusterIPsOf('answers')[family] ?? '', 80, 12);
    const counts = Object.groupBy(answers, ({ pod = 'none' }) => pod);
    expect(Object.fromEntries(Object.entries(counts).map(([pod, list]) => [pod, list?.length]))).toEqual({
      'server-0': 4,
      'server-1': 4,
      'server-2': 4,
    });
    expect(new Set(answers.map(({ from }) => from))).toEqual(new Set([addressesOf('client')[family]]));
  });

  it.each([0, 1])('lets a pod reach itself through its service (address %d)', async (family) => {
    const answers = await ask('server-1', 'tcp', clusterIPsOf('answers')[family] ?? '', 80, 3);
    expect(answers.map(({ pod }) => pod).sort()).toEqual(['server-0', 'server-1', 'server-2']);
  });

  it.each([0, 1])('refuses connections to a service without pods (address %d)', async (family) => {
    expect(await ask('client', 'tcp', clusterIPsOf('nobody')[family] ?? '', 80, 1)).toEqual([{ error: 'ECONNREFUSED' }]);
  });

  it('refuses connections to a port that a service does not have', async () => {
    expect(await ask('client', 'tcp', clusterIPsOf('answers')[0] ?? '', 81, 1)).toEqual([{ error: 'ECONNREFUSED' }]);
  });

  it('routes through the node: a pod never learns a shorter way', async () => {
    await exec('client', 'ping', '-c', '3', '-i', '0.05', addressesOf('server-2')[1] ?? '');
    const { stdout } = await exec('client', 'ip', '-6', 'route', 'get', addressesOf('server-2')[1] ?? '');
    expect(stdout).toContain(`via ${lab.nodes[0]?.status?.addresses[1]?.address ?? '?'}`);
  });

  it('gives headless services endpoints and no address', () => {
    expect(clusterIPsOf('headless')).toEqual(['None']);
    const slices = lab.endpointSlices.filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'headless');
    const targets = slices.flatMap(({ endpoints, ports }) =>
      endpoints.map(({ addresses }) => `${String(addresses[0])} ${String(ports[0]?.port)}`),
    );
    expect(targets.sort()).toEqual(
      [0, 1]
        .flatMap((family) =>
          ['server-0', 'server-1', 'server-2'].map(
            (pod) => `${addressesOf(pod)[family] ?? ''} ${pod === 'server-2' ? '9000' : '7000'}`,
          ),
        )
        .sort(),
    );
  });

  it('gives the links a queue length and sizes that faults can start from', async () => {
    const { stdout } = await exec('client', 'ip', '-j', 'link', 'show', 'eth0');
    expect(JSON.parse(stdout)).toMatchObject([{ mtu: 1500, operstate: 'UP', qdisc: 'noqueue' }]);
  });
});
