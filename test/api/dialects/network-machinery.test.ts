import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { parse } from 'yaml';
import { normalise } from '../../../src/api/dialects/network-machinery.ts';
import { type Kind, kinds, type ManifestResult } from '../../../src/api/index.ts';
import { bend, goodSpecs, readText } from '../samples.ts';

const fixtures = new URL('../../fixtures/', import.meta.url);

function readFixture(path: string): ManifestResult {
  return readText(readFileSync(new URL(path, fixtures), 'utf8'), path);
}

function filesOf(folder: string): string[] {
  return readdirSync(new URL(`${folder}/`, fixtures))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => `${folder}/${name}`);
}

const capitals = 'nothing in Kubernetes has capital letters in its name';
const remark = 'an instant with a remark; read as 2019-05-21T11:15:00.000Z';
const megabits = "iperf's notation; read as 1000mbit (bits per second)";
const hoisted = "repeated at every target; read as the shaper's configuration";
const proxyArp = 'the kernel calls it proxy_arp, by device; read as net.ipv4.conf.eth0.proxy_arp';
const textTrue = 'a text where true or false belongs; read as true';
const text5 = 'a text where a number belongs; read as 5';
const sixty = 'a duration without unit; read as 60s';
const equalsOne = { operator: 'equals', value: '1' };
const forwarding = [
  { name: 'net.ipv4.ip_forward', scope: 'host', expect: equalsOne },
  { name: 'net.ipv4.conf.eth0.proxy_arp', scope: 'host', expect: equalsOne },
];
const bridgeFilter = 'net.bridge.bridge-nf-call-iptables';
const treeOf = (first: string) =>
  `a tree of settings; read as sysctls ${first}, net.ipv4.ip_forward=1, net.ipv4.conf.eth0.proxy_arp=1`;
const performanceWarnings = [
  ['clients[0].name', capitals],
  ['clients[0].namespace', capitals],
  ['clients[0].configuration.bandwidth', megabits],
  ['clients[1].name', capitals],
  ['clients[1].configuration.bandwidth', megabits],
  ['servers[1].name', capitals],
  ['servers[1].namespace', capitals],
];
const misspelt = (client: number) => [`clients[${client}].configuration.bidrectional`, 'misspelt; read as bidirectional'];
const client = (kind: string, name: string, protocol: string, bidirectional: boolean) => ({
  endpoint: { kind, name, ...(kind === 'node' ? {} : { namespace: 'namespaceName' }) },
  protocol,
  bitsPerSecond: 1e9,
  bidirectional,
});
const performanceModel = (kind: string, name: string, protocol: string, bidirectional: boolean) => ({
  clients: [client(kind, name, protocol, bidirectional), client('node', 'nodeName', protocol, bidirectional)],
  servers: [
    { kind: 'ip', ip: '1.2.3.4' },
    { kind, namespace: 'namespaceName', name },
  ],
});
const monitorWarnings = [
  ['flows[0].log', textTrue],
  ['flows[1].log', textTrue],
  ['eventsConfig.maxEvents', text5],
];
const demoSelector = { kind: 'selector', selector: { matchLabels: { app: 'demo-kubecon' } }, mode: { mode: 'all' } };
const shaperModel = (target: unknown, fault: unknown) => ({
  parts: [{ targets: [target], device: 'eth0', direction: 'egress', fault }],
});
const delay = { type: 'delay', delayMs: 200, jitterMs: 0 };

/** File, kind, the warnings in the order of the lines, and what must stand in the model. */
const accepted: [file: string, kind: Kind, warnings: string[][], model: unknown][] = [
  [
    'talk/01-network-monitor.yaml',
    'NetworkMonitor',
    monitorWarnings,
    { endpoint: { port: 9909 }, events: { most: 5, timeoutMs: 5000 } },
  ],
  [
    'talk/02-network-notification.yaml',
    'NetworkNotification',
    [['networkEvent.event.timestamp', remark]],
    { event: { eventId: 1, value: 1.2, at: Date.UTC(2019, 4, 21, 11, 15), metric: 'ddos' } },
  ],
  [
    'talk/03-network-modules-validator.yaml',
    'NetworkModulesValidator',
    [
      ['net', treeOf(bridgeFilter)],
      ['net.bridge.bridge-nf-call-iptables', 'no value; read as: it must exist'],
      ['net.ipv4.arp_proxy', proxyArp],
    ],
    {
      nodes: { choice: 'all' },
      sysctls: [...forwarding, { name: bridgeFilter, scope: 'host', expect: { operator: 'exists' } }],
    },
  ],
  [
    'talk/04-network-performance-test-first.yaml',
    'NetworkPerformanceTest',
    performanceWarnings,
    performanceModel('pod', 'podName', 'tcp', true),
  ],
  [
    'talk/04-network-performance-test-second.yaml',
    'NetworkPerformanceTest',
    performanceWarnings,
    performanceModel('service', 'serviceName', 'udp', false),
  ],
  [
    'talk/05-network-connectivity-test.yaml',
    'NetworkConnectivityTest',
    [],
    { layer: 3, source: { namespace: 'kube-system', name: 'kube-apiserver-kind-kubecon2019-control-plane' } },
  ],
  [
    'talk/06-network-connectivity-test.yaml',
    'NetworkConnectivityTest',
    [],
    {
      layer: 4,
      destinations: [
        { kind: 'pod', name: 'kubecon-pod', port: 51 },
        { kind: 'service', port: 443 },
      ],
    },
  ],
  [
    'talk/07-network-traffic-shaper-first.yaml',
    'NetworkTrafficShaper',
    [
      ['targets[0].name', capitals],
      ['targets[0].namespace', capitals],
      ['targets[0].targetSelector', 'not used with kind pod: name alone says who is hurt'],
    ],
    shaperModel({ kind: 'pod', namespace: 'namespaceName', name: 'podName' }, delay),
  ],
  [
    'talk/07-network-traffic-shaper-second.yaml',
    'NetworkTrafficShaper',
    [
      ['targets[0].name', capitals],
      ['targets[0].name', 'not used with kind selector: targetSelector alone says who is hurt'],
      ['targets[0].namespace', capitals],
    ],
    shaperModel({ ...demoSelector, namespace: 'namespaceName' }, { type: 'loss', percent: 90, burst: 1 }),
  ],
  [
    'talk/08-network-monitor.yaml',
    'NetworkMonitor',
    [...monitorWarnings, ['eventsConfig.timeout', sixty]],
    { endpoint: { port: 8008 }, events: { timeoutMs: 60_000 } },
  ],
  [
    'talk/09-network-notification.yaml',
    'NetworkNotification',
    [['networkEvent.event.timestamp', remark]],
    { event: { eventId: 1 } },
  ],
  [
    'network-machinery/fork-iterations.yaml',
    'NetworkPerformanceTest',
    [['iterations', expect.stringContaining('fork') as string]],
    { iterations: 1, clients: [] },
  ],
  [
    'network-machinery/naetworkvalidator.yaml',
    'NetworkModulesValidator',
    [
      ['net', treeOf(`${bridgeFilter}=1`)],
      ['net.bridge.ipv4', 'misplaced under bridge; read as net.ipv4'],
      ['net.bridge.ipv4.arp_proxy', proxyArp],
    ],
    {
      nodes: { choice: 'all' },
      sysctls: [{ name: bridgeFilter, scope: 'host', expect: equalsOne }, ...forwarding],
    },
  ],
  ['network-machinery/networkconnectivity_layer3.yaml', 'NetworkConnectivityTest', [], { layer: 3 }],
  ['network-machinery/networkconnectivity_layer4.yaml', 'NetworkConnectivityTest', [], { destinations: [{ port: 8100 }] }],
  [
    'network-machinery/networkdelay.yaml',
    'NetworkDelayTest',
    [['source.container', 'not used: the containers of a pod share one network']],
    { protocol: 'tcp', source: { name: 'demo-pod-2' }, destinations: [{ kind: 'pod', name: 'demo-pod-1' }] },
  ],
  [
    'network-machinery/networkmonitor.yaml',
    'NetworkMonitor',
    [...monitorWarnings, ['eventsConfig.timeout', sixty]],
    { flows: [{ log: true }, {}] },
  ],
  [
    'network-machinery/networknotification.yaml',
    'NetworkNotification',
    [['networkEvent.event.timestamp', 'an empty text; read as if the field were absent']],
    { event: { at: undefined } },
  ],
  [
    'network-machinery/networktrafficshaper-delay.yaml',
    'NetworkTrafficShaper',
    [['targets[0].configuration', hoisted]],
    shaperModel({ ...demoSelector, namespace: 'default' }, delay),
  ],
  [
    'network-machinery/networktrafficshaper-loss.yaml',
    'NetworkTrafficShaper',
    [['targets[0].configuration', hoisted]],
    shaperModel({ ...demoSelector, namespace: 'default' }, { type: 'loss', percent: 100, burst: 1 }),
  ],
  [
    'network-machinery/performance_test-first.yaml',
    'NetworkPerformanceTest',
    [
      ...performanceWarnings.slice(0, 3),
      misspelt(0),
      ...performanceWarnings.slice(3, 5),
      misspelt(1),
      ...performanceWarnings.slice(5),
    ],
    performanceModel('pod', 'podName', 'tcp', true),
  ],
  [
    'network-machinery/performance_test-second.yaml',
    'NetworkPerformanceTest',
    [
      ...performanceWarnings.slice(0, 3),
      misspelt(0),
      ...performanceWarnings.slice(3, 5),
      misspelt(1),
      ...performanceWarnings.slice(5),
    ],
    performanceModel('service', 'serviceName', 'udp', false),
  ],
];

const foreign = ['network-machinery/networkdelay-crd.yaml', 'network-machinery/networkdelay-ds.yaml'];

describe('the manifests of the talk and of the origin', () => {
  it.each(accepted)('%s is accepted', (file, kind, warnings, model) => {
    const result = readFixture(file);
    expect(result.errors).toEqual([]);
    expect(result.warnings.map(({ path, message }) => [path, message])).toEqual(
      warnings.map(([path, message]) => [`spec.${path}`, message]),
    );
    expect(result.manifests).toMatchObject([{ kind, model }]);
  });

  it.each(foreign)('%s is refused as no kind of Squall', (file) => {
    const { errors } = readFixture(file);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({
      path: 'apiVersion',
      code: 'InvalidInput',
      message: expect.stringContaining('is not a kind of Squall') as string,
    });
  });

  it('are all in these tables', () => {
    expect([...accepted.map(([file]) => file), ...foreign].sort()).toEqual(
      [...filesOf('talk'), ...filesOf('network-machinery')].sort(),
    );
  });
});

describe('normalise', () => {
  it.each([
    [
      'numbers and truth as texts',
      'NetworkMonitor',
      'thresholds.0',
      { name: 't', value: '7', flowName: 'tcp', byFlow: 'true' },
      { value: 7, byFlow: true },
    ],
    ['seconds without unit', 'NetworkMonitor', 'flows.0.activeTimeout', 60, '60s'],
    ['a node named by node', 'NetworkDelayTest', 'destinations.0', { kind: 'node', node: 'n' }, { name: 'n' }],
    ['the name of a qperf test', 'NetworkDelayTest', 'protocol', 'udp_lat', 'udp'],
    ['milliseconds since 1970', 'NetworkNotification', 'networkEvent.event.timestamp', 1558437300000, '2019-05-21T11:15:00.000Z'],
    ['an empty port', 'NetworkDelayTest', 'destinations.0', { kind: 'pod', name: 'a', port: '' }, { kind: 'pod', name: 'a' }],
  ] as const)('reads %s, and says so', (_title, kind, path, written, read) => {
    const { spec, warnings } = normalise(kind, bend(goodSpecs[kind], path, written));
    expect(warnings.length).toBeGreaterThan(0);
    const found = path.split('.').reduce<unknown>((value, step) => (value as Record<string, unknown>)[step], spec);
    if (typeof read === 'object') expect(found).toMatchObject(read);
    else expect(found).toBe(read);
  });

  it('leaves configurations at the targets where they differ', () => {
    const target = (name: string, value: string) => ({ kind: 'pod', name, configuration: { type: 'delay', value } });
    const spec = { targets: [target('a', '1s'), target('b', '2s')] };
    expect(normalise('NetworkTrafficShaper', spec)).toEqual({ spec, warnings: [] });
  });

  it('reads the origin within an experiment, a schedule and a game day', () => {
    const fault = { targets: [{ kind: 'pod', name: 'a', configuration: { type: 'loss', value: '1%' } }] };
    const read = { fault: { targets: [{ kind: 'pod', name: 'a' }], configuration: { type: 'loss', value: '1%' } } };
    expect(normalise('NetworkExperiment', { fault }).spec).toEqual(read);
    expect(normalise('NetworkExperimentSchedule', { experimentTemplate: { spec: { fault } } }).spec).toEqual({
      experimentTemplate: { spec: read },
    });
    expect(normalise('NetworkGameDay', { steps: [{ experiment: { fault } }] }).spec).toEqual({ steps: [{ experiment: read }] });
  });

  // The origin's own specs with some leaves exchanged for the origin's own words: what is near to its manifests, but not in them.
  const words = ['', 'true', '60', 'pod', 'selector', 'node', 'podName', '1000m', 'tcp_lat', '2019-05-21T11:15:00Z x', 'eth0.1'];
  const word = fc.constantFrom<unknown>(...words, null, true, 0, 60, 1558437300000, NaN, -1, [], {}, { net: {} });
  const nearSpec = fc
    .tuple(fc.constantFrom(...accepted), fc.array(fc.option(word, { freq: 2, nil: undefined }), { minLength: 40, maxLength: 40 }))
    .map(([[file, kind], changes]) => {
      const { spec } = parse(readFileSync(new URL(file, fixtures), 'utf8')) as { spec: unknown };
      let leaf = 0;
      const exchange = (value: unknown): unknown => {
        if (Array.isArray(value)) return value.map(exchange);
        if (typeof value === 'object' && value !== null) {
          return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, exchange(inner)]));
        }
        return changes[leaf++ % changes.length] ?? value;
      };
      return { kind, spec: exchange(spec) };
    });
  const anySpec = fc.record({ kind: fc.constantFrom(...(Object.keys(kinds) as Kind[])), spec: fc.jsonValue() });

  it('changes nothing when it is done again', () => {
    let changed = 0;
    fc.assert(
      fc.property(fc.oneof(anySpec, nearSpec), ({ kind, spec: written }) => {
        const once = normalise(kind, written);
        expect(normalise(kind, once.spec).spec).toEqual(once.spec);
        if (once.warnings.length > 0) changed++;
      }),
      { numRuns: 1000 },
    );
    // A generator that reaches no rewriter would prove nothing.
    expect(changed).toBeGreaterThan(100);
  });

  it('leaves what it is given as it is', () => {
    fc.assert(
      fc.property(nearSpec, ({ kind, spec: written }) => {
        const before = structuredClone(written);
        normalise(kind, written);
        expect(written).toEqual(before);
      }),
    );
  });

  it.each(Object.entries(goodSpecs))('says nothing about a %s in canonical form', (kind, spec) => {
    expect(normalise(kind as Kind, spec)).toEqual({ spec, warnings: [] });
  });
});
