import { describe, expect, it } from 'vitest';
import { type Endpoint, nodeLabel, readSpec, shortNodeName } from '../../src/api/index.ts';
import { apiServerAddresses, keepPod, nodeUidAnnotation, type Pod, underNodeUids, type World } from '../../src/control/world.ts';
import { taskObject } from '../../src/control/task-plan.ts';
import { planRun, type PlannedRun, type RunRequest } from '../../src/control/plan-run.ts';
import { nameOfCheck } from '../../src/preflight/index.ts';
import { entry, pod, request, shaper, world } from './world.ts';

const now = Date.parse('2026-01-01T00:00:00Z');

function plan(changes: Partial<RunRequest> = {}): PlannedRun {
  const planned = planRun(request(changes), world, now);
  if (planned.kind === 'refused') throw new Error(planned.message);
  return planned;
}

/** The shaper of these tests with its only part changed. */
function shaperWith(changes: Partial<(typeof shaper.parts)[number]>): typeof shaper {
  return { ...shaper, parts: shaper.parts.map((part) => ({ ...part, ...changes })) };
}

describe('the uid of a pod that its node made by itself', () => {
  const claiming = (name: string, index: number, claim: string): Pod => {
    const made = pod(name, index);
    return { ...made, metadata: { ...made.metadata, annotations: { [nodeUidAnnotation]: claim } } };
  };
  it.each<[string, Pod[], (string | undefined)[]]>([
    ['is the one that it claims', [claiming('static', 1, 'node-uid'), pod('db', 2)], ['node-uid', 'uid-db']],
    ["is never another pod's own", [claiming('thief', 1, 'uid-db'), pod('db', 2)], ['uid-thief', 'uid-db']],
    ['is never what two claim', [claiming('one', 1, 'node-uid'), claiming('two', 2, 'node-uid')], ['uid-one', 'uid-two']],
  ])('%s', (_, pods, uids) => {
    expect(underNodeUids(pods).map(({ metadata }) => metadata.uid)).toEqual(uids);
  });
});

describe('planRun with gates', () => {
  const gate = readSpec('NetworkModulesValidator', {
    sysctls: { 'net.ipv4.ip_forward': 1 },
    sysctlRules: [{ name: 'net.ipv4.tcp_syn_retries', atMost: 6, scope: 'pod' }],
    tools: ['fping', 'curl'],
  });
  const checksByNode = (gates: RunRequest['gates']) =>
    Object.fromEntries(plan({ gates }).tasks.preflight.map(({ spec }) => [spec.node, spec.checks?.map(nameOfCheck) ?? []]));

  it("asks every node that takes part what the validators ask, and of each of its pods the pod's own", () => {
    const [without, withGate] = [checksByNode([]), checksByNode([gate])];
    expect(Object.keys(withGate).length).toBeGreaterThan(1);
    for (const [node, names] of Object.entries(withGate)) {
      const uids = plan()
        .tasks.preflight.find(({ spec }) => spec.node === node)
        ?.spec.targets.map(({ podUid }) => podUid);
      expect(names.filter((name) => without[node]?.includes(name) !== true)).toEqual([
        'sysctl net.ipv4.ip_forward',
        ...(uids ?? []).map((uid) => `sysctl net.ipv4.tcp_syn_retries ${uid}`),
        'tool curl',
      ]);
    }
  });

  it('asks once what two of them ask', () => {
    expect(checksByNode([gate, gate])).toEqual(checksByNode([gate]));
  });
});

describe('planRun', () => {
  it('knows packets of its targets by their addresses and those of services that lead to them', () => {
    const elsewhere = {
      ...world.services[0],
      spec: { clusterIPs: ['10.96.0.9'], selector: { app: 'db' } },
    } as World['services'][number];
    const planned = planRun(request(), { ...world, services: [...world.services, elsewhere] }, now);
    if (planned.kind === 'refused') throw new Error(planned.message);
    expect(planned.targets.map(({ name }) => name).toSorted()).toEqual(['payments-0', 'payments-1']);
    expect(planned.addresses.toSorted()).toEqual(
      ['10.0.0.10', '10.0.0.11', '10.96.0.1', 'fd00:96::1', 'fd00::10', 'fd00::11'].toSorted(),
    );
  });

  it('does not take an address for a target’s that leads to others, too, but for such as do not run', () => {
    const third = pod('payments-2', 7, { app: 'payments' });
    const gone = pod('payments-3', 8, { app: 'payments', phase: 'Failed' });
    const selector = { matchLabels: { app: 'payments' } };
    const shaperOfTwo = shaperWith({
      targets: [{ kind: 'selector', namespace: 'shop', selector, mode: { mode: 'fixed', count: 2 } }],
    });
    const addresses = (pods: Pod[]) => {
      const planned = planRun(request({ shaper: shaperOfTwo }), { ...world, pods: [...world.pods, ...pods] }, now);
      if (planned.kind === 'refused') throw new Error(planned.message);
      expect(planned.targets).toHaveLength(2);
      return planned.addresses.filter((address) => address.startsWith('10.96.') || address.startsWith('fd00:96:'));
    };
    expect(addresses([third])).toEqual([]);
    expect(addresses([gone])).toEqual(['10.96.0.1', 'fd00:96::1']);
  });

  it('names tasks for a node of the longest name so that a server takes them and that node finds them', () => {
    const node = `node-${'a'.repeat(200)}.example`;
    const pods = world.pods.map((one) => ({ ...one, spec: { nodeName: node } }));
    const planned = planRun(request(), { ...world, pods }, now);
    if (planned.kind === 'refused') throw new Error(planned.message);
    const tasks = Object.values(planned.tasks).flat().map(taskObject);
    expect(tasks.length).toBeGreaterThan(2);
    for (const { metadata, spec } of tasks) {
      expect(spec.node).toBe(node);
      // A file of its samples is named after it.
      expect(metadata.name.length).toBeLessThanOrEqual(255 - '.jsonl'.length);
      expect(metadata.labels?.[nodeLabel]).toBe(shortNodeName(node));
    }
  });

  it('needs nothing of a pod but what is kept of it', () => {
    const whole = world.pods.map((one, index) => ({
      ...one,
      metadata: {
        ...one.metadata,
        ...{ uid: one.metadata.uid ?? '', resourceVersion: String(index), creationTimestamp: '2026-01-01T00:00:00Z' },
        annotations: { [nodeUidAnnotation]: `node-${one.metadata.name}`, large: 'x'.repeat(10_000) },
      },
      spec: { ...one.spec, runtimeClassName: 'nvidia', containers: [{ name: 'main' }, { name: 'istio-proxy' }] },
    }));
    const kept = whole.map(keepPod);
    expect(JSON.stringify(kept).length).toBeLessThan(JSON.stringify(whole).length / 20);
    const ports = [{ first: 8080, last: 8080 }];
    const planOf = (pods: Pod[]) =>
      planRun(request({ shaper: shaperWith({ ports }) }), { ...world, pods: underNodeUids(pods) }, now);
    expect(planOf(kept)).toEqual(planOf(whole));
  });

  it('hurts the running pods of the selection and no other', () => {
    expect(plan().targets.map(({ name, node }) => [name, node])).toEqual(
      expect.arrayContaining([
        ['payments-0', 'lab'],
        ['payments-1', 'other'],
      ]),
    );
    expect(plan().targets).toHaveLength(2);
  });

  it('writes one fault task for each node, with names that a second planning would repeat', () => {
    const names = plan().tasks.fault.map(({ name }) => name);
    expect(names).toEqual(plan().tasks.fault.map(({ name }) => name));
    expect(new Set(plan().tasks.fault.map(({ spec }) => spec.node))).toEqual(new Set(['lab', 'other']));
  });

  it('gives every task the lease of the shaper and an end', () => {
    for (const { spec } of Object.values(plan().tasks).flat()) {
      expect(spec.lease).toEqual({ name: 'run-11111111-2222-4333-8444-555555555555', seconds: 9 });
      expect(Date.parse(spec.notAfter)).toBeGreaterThan(now + 30_000);
    }
  });

  it('never lets the fault touch the addresses of its node', () => {
    const onLab = plan().tasks.fault.find(({ spec }) => spec.node === 'lab');
    expect(onLab?.spec.fault?.excluded).toEqual(['10.0.0.254', 'fd00::fe']);
  });

  it('probes every address of a destination that the source has a family for', () => {
    const streams = plan().tasks.probe.flatMap(({ spec }) => spec.probe?.streams ?? []);
    expect(streams.map(({ address, port, protocol }) => [address, port, protocol])).toEqual([
      ['10.96.0.1', 8080, 'tcp'],
      ['fd00:96::1', 8080, 'tcp'],
    ]);
  });

  it('pings the pods behind a service at layer 3, since a cluster address answers no ping', () => {
    const destinations: Endpoint[] = [{ kind: 'service', namespace: 'shop', name: 'payments' }];
    const streams = plan({ entries: [entry({ layer: 3, destinations })] }).tasks.probe.flatMap(
      ({ spec }) => spec.probe?.streams ?? [],
    );
    expect(streams.map(({ address }) => address)).toEqual(['10.0.0.10', 'fd00::10', '10.0.0.11', 'fd00::11']);
  });

  it('measures the dose against a pod that is not hurt itself', () => {
    const dosePeers = plan().tasks.fault.flatMap(({ spec }) => Object.values(spec.fault?.dosePeers ?? {}));
    expect(dosePeers).toEqual([
      ['10.0.0.1', 'fd00::1'],
      ['10.0.0.1', 'fd00::1'],
    ]);
  });

  it('measures no dose against a peer that the selection does not cover', () => {
    const peers: Endpoint[] = [{ kind: 'cidr', cidr: '10.0.0.16/28' }];
    const dosePeers = plan({ shaper: shaperWith({ peers }) }).tasks.fault.flatMap(({ spec }) =>
      Object.values(spec.fault?.dosePeers ?? {}),
    );
    expect(dosePeers).toEqual([['10.0.0.20'], ['10.0.0.20']]);
  });

  it('resolves peers by their ports, whatever narrows the fault, and whom it spares', () => {
    const http = { first: 80, last: 80 };
    const changes: Partial<(typeof shaper.parts)[number]> = {
      peers: [
        { kind: 'pod', namespace: 'shop', name: 'db', ports: http },
        { kind: 'ip', ip: '192.0.2.1' },
        { kind: 'ip', ip: '192.0.2.2', ports: { first: 80, last: 80 } },
        { kind: 'node', name: 'elsewhere', ports: { first: 22, last: 23 } },
      ],
      protocol: 'tcp',
      ports: [http],
      except: [{ kind: 'cidr', cidr: 'fd00::/64' }],
    };
    const elsewhere = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'elsewhere' }, spec: {} };
    const addresses = ['192.0.2.9', 'elsewhere.example'].map((address) => ({ type: 'InternalIP', address }));
    const nodes = [...world.nodes, { ...elsewhere, status: { addresses } }];
    const planned = planRun(request({ shaper: shaperWith(changes) }), { ...world, nodes }, now);
    const faults = planned.kind === 'planned' ? planned.tasks.fault.map(({ spec }) => spec.fault) : [];
    expect(faults.length).toBeGreaterThan(0);
    for (const fault of faults) {
      expect(fault).toMatchObject({
        peers: {
          ipv4: ['192.0.2.1'],
          ipv6: [],
          atPorts: [
            { ipv4: ['10.0.0.20', '192.0.2.2'], ipv6: ['fd00::20'], ports: http },
            { ipv4: ['192.0.2.9'], ipv6: [], ports: { first: 22, last: 23 } },
          ],
        },
        protocol: 'tcp',
        ports: [http],
        except: { ipv4: [], ipv6: ['fd00::/64'] },
      });
      // The database's other address is spared.
      expect(Object.values(fault?.dosePeers ?? {})).toEqual([['10.0.0.20']]);
    }
  });

  it('leaves host names to the agents, and asks each node whether its targets find them', () => {
    const http = { first: 80, last: 80 };
    const names: Partial<(typeof shaper.parts)[number]> = {
      peers: [
        { kind: 'host', host: 'api.example', ports: http },
        { kind: 'host', host: 'db.example' },
        { kind: 'host', host: 'db.example' },
      ],
      except: [{ kind: 'host', host: 'api.example' }],
    };
    const hosts = { peers: [{ host: 'api.example', ports: http }, { host: 'db.example' }], except: ['api.example'] };
    const { tasks } = plan({ shaper: shaperWith(names) });
    expect(tasks.fault).toHaveLength(2);
    for (const { spec } of tasks.fault) {
      expect(spec.fault).toMatchObject({ peers: { ipv4: [], ipv6: [] }, except: { ipv4: [], ipv6: [] }, hosts });
      expect(Object.values(spec.fault?.dosePeers ?? {})).toEqual([[]]);
      const checks = tasks.preflight.find((one) => one.spec.node === spec.node)?.spec.checks ?? [];
      const podUids = spec.targets.map(({ podUid }) => podUid);
      expect(checks.map(({ check }) => check).slice(-3)).toEqual(['lease', 'hosts', 'composition']);
      expect(checks).toContainEqual({ check: 'hosts', podUids, hosts: ['api.example', 'db.example'] });
    }
    const beside = plan({
      shaper: shaperWith({
        peers: [
          { kind: 'host', host: 'a.b' },
          { kind: 'ip', ip: '192.0.2.1' },
        ],
      }),
    });
    expect(beside.tasks.fault[0]?.spec.fault).toMatchObject({
      peers: { ipv4: ['192.0.2.1'], ipv6: [] },
      hosts: { peers: [{ host: 'a.b' }], except: [] },
    });
    const dns = { kind: 'host' as const, host: 'dns.example', ports: { first: 53, last: 53 } };
    expect(() => plan({ shaper: shaperWith({ peers: [dns] }) })).toThrow('peers: port 53 is that of name resolution');
    expect(plan().tasks.fault[0]?.spec.fault).not.toHaveProperty('hosts');
  });

  it("spares a target's own node unless it is included, and refuses to spare what is named as a peer", () => {
    const own = world.pods.find(({ metadata }) => metadata.name === 'payments-0')?.spec.nodeName ?? '';
    const excluded = (changes: Partial<(typeof shaper.parts)[number]>) =>
      plan({ shaper: shaperWith(changes) }).tasks.fault.map(({ spec }) => spec.fault?.excluded.length);
    expect(excluded({}).every((count) => count !== 0)).toBe(true);
    expect(excluded({ include: ['node'] })).toEqual([0, 0]);
    const named = { peers: [{ kind: 'node' as const, name: own }] };
    expect(() => plan({ shaper: shaperWith(named) })).toThrow(`is the node '${own}' that a target is on`);
    const dns = { peers: [{ kind: 'ip' as const, ip: '192.0.2.1', ports: { first: 53, last: 53 } }] };
    expect(() => plan({ shaper: shaperWith(dns) })).toThrow('peers: port 53 is that of name resolution');
    expect(() => plan({ shaper: shaperWith({ ...dns, include: ['dns'] }) })).not.toThrow();
    const collector = { peers: [{ kind: 'ip' as const, ip: '192.0.2.1', ports: { first: 6343, last: 6343 } }] };
    expect(() => plan({ shaper: shaperWith(collector) })).toThrow('peers: port 6343 is that of sFlow');
    for (const changes of [{ include: ['sflow' as const] }, { protocol: 'tcp' as const }]) {
      expect(() => plan({ shaper: shaperWith({ ...collector, ...changes }) })).not.toThrow();
    }
  });

  it('spares the API server unless it is included, and refuses to spare it where it is named as a peer', () => {
    const services = [
      ...world.services,
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'kubernetes', namespace: 'default' },
        spec: { clusterIPs: ['10.96.0.1'] },
      },
    ];
    const slice = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name: 'kubernetes' }, spec: {} };
    const behind = { ...slice, endpoints: [{ addresses: ['192.0.2.40'] }, { addresses: ['192.0.2.41'] }] };
    const apiServer = apiServerAddresses(services, behind);
    expect(apiServer).toEqual(['10.96.0.1', '192.0.2.40', '192.0.2.41']);
    expect(apiServerAddresses(services, undefined)).toEqual(['10.96.0.1']);
    expect(apiServerAddresses(world.services, undefined)).toEqual([]);

    const planned = (changes: Partial<(typeof shaper.parts)[number]>) => {
      const made = planRun(request({ shaper: shaperWith(changes) }), { ...world, services, apiServer }, now);
      return made.kind === 'planned' ? made.tasks.fault.map(({ spec }) => spec.fault?.excluded) : [];
    };
    for (const excluded of planned({})) expect(excluded).toEqual(expect.arrayContaining(apiServer));
    for (const excluded of planned({ include: ['apiserver'] })) expect(excluded).not.toContain('192.0.2.40');
    const named = { peers: [{ kind: 'service' as const, namespace: 'default', name: 'kubernetes' }] };
    expect(() => planned(named)).toThrow('is the API server, which is spared; write include: [apiserver]');
    expect(planned({ ...named, include: ['apiserver'] })).toHaveLength(2);
    const endpoint = { peers: [{ kind: 'ip' as const, ip: '192.0.2.41' }] };
    expect(() => planned(endpoint)).toThrow('is the API server');
  });

  it('tells the packets of the hypothesis by the pod that they go back to', () => {
    const exposure = plan().tasks.fault.find(({ spec }) => spec.node === 'lab')?.spec.fault?.exposure;
    expect(exposure).toEqual([
      { hypothesis: 'reaches', podUid: 'uid-payments-0', address: '10.0.0.1', protocol: 'tcp' },
      { hypothesis: 'reaches', podUid: 'uid-payments-0', address: 'fd00::1', protocol: 'tcp' },
    ]);
  });

  it('asks each node whether it can renew in time, and whether the fault can join what is on its targets', () => {
    const { preflight, fault } = plan().tasks;
    for (const { spec } of fault) {
      const checks = preflight.filter((task) => task.spec.node === spec.node).flatMap((task) => task.spec.checks ?? []);
      const podUids = spec.targets.map(({ podUid }) => podUid);
      expect(checks).toContainEqual({ check: 'lease', seconds: spec.lease.seconds, targets: podUids.length });
      expect(checks).toContainEqual({ check: 'composition', podUids, fault: { ...spec.fault, exposure: [] } });
    }
    expect(fault.length).toBeGreaterThan(0);
  });

  it('orders the steps and the pulse of the shaper, and asks each node for everything that the fault becomes', () => {
    const loss = (percent: number, burst = 1) => ({ type: 'loss' as const, percent, burst });
    const steps = [
      { atMs: 5000, fault: loss(20) },
      { atMs: 10_000, fault: loss(5, 3) },
      { atMs: 15_000, fault: loss(20) },
    ];
    const pulse = { activeMs: 2000, idleMs: 1000 };
    const { fault, preflight } = plan({ shaper: shaperWith({ fault: loss(10), steps, pulse }) }).tasks;
    expect(fault).toHaveLength(2);
    for (const { spec } of fault) {
      expect(spec.fault).toMatchObject({
        effect: loss(10),
        steps: steps.map(({ atMs, fault: effect }) => ({ atMs, effect })),
        pulse,
      });
    }
    for (const { spec } of preflight.slice(0, 1)) {
      const tried = (spec.checks ?? []).flatMap((check) => (check.check === 'composition' ? [check.fault] : []));
      expect(tried.map(({ effect }) => effect)).toEqual([loss(20), loss(5, 3), loss(10)]);
      for (const one of tried) expect([one.steps, one.pulse, one.exposure]).toEqual([undefined, undefined, []]);
      // Only netem loses in bursts.
      const drivers = (spec.checks ?? []).flatMap((check) =>
        check.check === 'driver' ? [check.ways.map(({ does }) => does)] : [],
      );
      expect(drivers).toEqual([
        [true, true],
        [true, false],
      ]);
    }
  });

  it('hurts one pod in two ways, by two faults with names of their own', () => {
    const [part] = shaperWith({}).parts;
    if (part === undefined) throw new Error('the shaper of these tests has no part');
    const parts = [part, { ...part, fault: { type: 'loss' as const, percent: 1, burst: 1 } }];
    const { targets, tasks } = plan({ shaper: { ...shaper, parts } });
    expect(targets).toHaveLength(2);
    const here = tasks.fault.filter(({ spec }) => spec.node === 'lab');
    expect(here.map(({ spec }) => spec.fault?.effect.type)).toEqual(['delay', 'loss']);
    expect(new Set(here.map(({ spec }) => spec.fault?.id)).size).toBe(2);
    expect(new Set(here.flatMap(({ spec }) => spec.targets.map(({ podUid }) => podUid))).size).toBe(1);
  });

  it('asks each node whether it can tell what is hurt, where not all of a peer is', () => {
    const asks = (changes: Partial<(typeof shaper.parts)[number]>) =>
      plan({ shaper: shaperWith(changes) }).tasks.preflight.every(({ spec }) =>
        (spec.checks ?? []).some((check) => check.check === 'capability' && check.capability === 'nft-match-traffic'),
      );
    const peer = { kind: 'ip' as const, ip: '192.0.2.1' };
    expect([asks({}), asks({ peers: [peer] })]).toEqual([false, false]);
    const port = { first: 80, last: 80 };
    const narrowed = [{ protocol: 'tcp' as const }, { ports: [port] }, { except: [peer] }, { include: ['dns' as const] }];
    expect([...narrowed, { peers: [{ ...peer, ports: port }] }].map(asks)).toEqual([true, true, true, true, true]);
  });

  it('checks each device that is going to be changed, once', () => {
    const devices = plan().tasks.preflight.flatMap(({ spec }) => (spec.checks ?? []).filter(({ check }) => check === 'device'));
    expect(devices).toHaveLength(2);
    expect(devices).toEqual(
      expect.arrayContaining([
        { check: 'device', podUid: 'uid-payments-0', device: 'eth0' },
        { check: 'device', podUid: 'uid-payments-1', device: 'eth0' },
      ]),
    );
  });

  it.each<[string, Partial<RunRequest>, string]>([
    [
      'a selection that is empty',
      { shaper: shaperWith({ targets: [{ kind: 'pod', namespace: 'shop', name: 'nobody' }] }) },
      'NoTarget',
    ],
    [
      'a target that does not run',
      { shaper: shaperWith({ targets: [{ kind: 'pod', namespace: 'shop', name: 'payments-2' }] }) },
      'NoTarget',
    ],
    ['a source that is not there', { entries: [entry({ source: { namespace: 'shop', name: 'nobody' } })] }, 'SourceNotRunning'],
  ])('refuses %s', (_what, changes, reason) => {
    expect(planRun(request(changes), world, now)).toMatchObject({ kind: 'refused', reason });
  });

  it.each<[string, Endpoint]>([
    ['a service', { kind: 'service', namespace: 'shop', name: 'nothing' }],
    ['a pod', { kind: 'pod', namespace: 'shop', name: 'nobody' }],
    ['a selection', { kind: 'selector', namespace: 'shop', selector: { matchLabels: { app: 'nobody' } } }],
  ])('never widens %s that has no address to every peer', (_what, peer) => {
    expect(() => plan({ shaper: shaperWith({ peers: [peer] }) })).toThrow('has no address');
  });

  it('leaves no dose to be measured where every pod is hurt', () => {
    const pods = world.pods.map((each) => ({ ...each, metadata: { ...each.metadata, labels: { app: 'payments' } } }));
    const planned = planRun(request(), { ...world, pods: [...pods, pod('late', 30, { app: 'payments' })] }, now);
    expect(
      planned.kind === 'planned' && planned.tasks.fault.flatMap(({ spec }) => Object.values(spec.fault?.dosePeers ?? {}).flat()),
    ).toEqual([]);
  });
});
