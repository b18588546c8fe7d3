/** With only the shipped roles: who may do what, tried with real requests of other users and accounts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminOf } from './client.ts';
import { installSquall, nodeTask, serviceAccountToken } from './install.ts';

const admin = adminOf();
const operator = 'system:serviceaccount:squall-system:squall-operator';
const agent = 'system:serviceaccount:squall-system:squall-agent';
const observer = 'system:serviceaccount:squall-system:squall-observer';

/** Somebody with squall-run in `own`, and nothing anywhere else. */
const ann = ['--as=ann', '--as-group=people'];

beforeAll(async () => {
  await installSquall(admin);
  for (const namespace of ['own', 'other']) await admin.must(['create', 'namespace', namespace]);
  await admin.must(['create', 'rolebinding', 'ann', '-n', 'own', '--clusterrole=squall-run', '--user=ann']);
});
afterAll(async () => {
  await admin.must(['delete', 'namespace', 'own', 'other', '--wait=false']);
  admin[Symbol.dispose]();
});

const here = { kind: 'pod', name: 'web' };
const there = { kind: 'pod', name: 'web', namespace: 'other' };
const delay = { type: 'delay', value: '10ms' };
const faultOn = (targets: unknown[], more: object = {}) => ({ targets, configuration: delay, ...more });
const probeFrom = (namespace?: string) => ({
  name: 'reaches',
  connectivity: { layer: '3', source: { name: 'client', namespace }, destinations: [{ kind: 'ip', ip: '192.0.2.1' }] },
  tolerance: { lossPercent: 1 },
});
const experiment = (fault: object, more: object = {}) => ({ duration: '10s', fault, ...more });

const theirs = { ...here, namespace: 'own' };
const many = <T>(one: T): T[] => Array.from({ length: 6 }, () => one);
const probeNumber = (_: unknown, index: number) => ({ ...probeFrom('own'), name: `probe-${String(index)}` });

function manifest(kind: string, name: string, spec: object, namespace = 'own'): string {
  return JSON.stringify({ apiVersion: 'networkmachinery.io/v1alpha1', kind, metadata: { name, namespace }, spec });
}
const shapers = (spec: object) => manifest('NetworkTrafficShaper', 'tried', spec);
const runs = (spec: object) => manifest('NetworkExperiment', 'tried', spec);
const schedules = (spec: object) =>
  manifest('NetworkExperimentSchedule', 'tried', { schedule: '0 3 * * *', experimentTemplate: { spec } });
const gameDays = (...specs: object[]) =>
  manifest('NetworkGameDay', 'tried', { steps: specs.map((spec, index) => ({ name: `step-${index}`, experiment: spec })) });

describe('a person with squall-run in one namespace', () => {
  it.each([
    ['a shaper on a pod of theirs', shapers(faultOn([here]))],
    ['an experiment on a pod of theirs', runs(experiment(faultOn([here])))],
    ['an experiment on packets to an address', runs(experiment(faultOn([here], { peers: [{ kind: 'ip', ip: '192.0.2.1' }] })))],
    ['an experiment with a shaper of theirs', runs(experiment({ ref: 'slow' }))],
    ['an experiment that probes from a pod of theirs', runs(experiment(faultOn([here]), { hypothesis: [probeFrom()] }))],
    ['a schedule on a pod of theirs', schedules(experiment(faultOn([here])))],
    ['a game day on pods of theirs', gameDays(experiment(faultOn([here])), experiment({ ref: 'slow' }))],
    [
      'an experiment that names much of theirs',
      runs(experiment(faultOn(many(theirs), { peers: many(theirs) }), { hypothesis: many(theirs).map(probeNumber) })),
    ],
    [
      'a game day of many steps on much of theirs',
      gameDays(...many(theirs).map(() => experiment(faultOn(many(theirs)), { hypothesis: many(theirs).map(probeNumber) }))),
    ],
  ])('may create %s', async (_, text) => {
    const { code, stderr } = await admin.kubectl(['create', '--dry-run=server', '-f', '-', ...ann], text);
    expect([code, stderr]).toEqual([0, '']);
  });

  it.each([
    ['a shaper on a pod of others', 'targets', shapers(faultOn([here, there]))],
    ['a shaper on packets to pods of others', 'peers or exceptions', shapers(faultOn([here], { peers: [there] }))],
    ['a shaper that spares pods of others', 'peers or exceptions', shapers(faultOn([here], { except: [there] }))],
    ['an experiment on a pod of others', 'targets', runs(experiment(faultOn([there])))],
    ['an experiment on packets to pods of others', 'peers or exceptions', runs(experiment(faultOn([here], { peers: [there] })))],
    [
      'an experiment that probes from a pod of others',
      'probes',
      runs(experiment(faultOn([here]), { hypothesis: [probeFrom('other')] })),
    ],
    ['a schedule on a pod of others', 'targets', schedules(experiment(faultOn([there])))],
    [
      'a schedule that probes from a pod of others',
      'probes',
      schedules(experiment(faultOn([here]), { hypothesis: [probeFrom(), { ...probeFrom('other'), name: 'two' }] })),
    ],
    [
      'a game day whose last step is on a pod of others',
      'targets',
      gameDays(experiment(faultOn([here])), experiment(faultOn([there]))),
    ],
    ['an experiment whose last target of many is of others', 'targets', runs(experiment(faultOn([...many(theirs), there])))],
    [
      'a game day whose last step probes from a pod of others',
      'probes',
      gameDays(experiment(faultOn([here])), experiment(faultOn([here]), { hypothesis: [probeFrom('other')] })),
    ],
  ])('may not create %s', async (_, what, text) => {
    const { code, stderr } = await admin.kubectl(['create', '--dry-run=server', '-f', '-', ...ann], text);
    expect(code).toBe(1);
    expect(stderr).toContain(`${what} are`);
    expect(stderr).toContain('other');
    expect(stderr).toContain('expected only namespaces in which you may create networktrafficshapers');
  });

  it.each([
    [20, 0, ''],
    [25, 1, 'more than 24 other namespaces are named'],
  ])('who may do everything may name %i other namespaces or is told how many are too many', async (count, expected, text) => {
    const targets = Array.from({ length: count }, (_, index) => ({ kind: 'pod', name: 'web', namespace: `of-${String(index)}` }));
    const created = await admin.kubectl(['create', '--dry-run=server', '-f', '-'], runs(experiment(faultOn(targets))));
    expect(created.code).toBe(expected);
    expect(created.stderr).toContain(text);
  });

  it('and nobody but the operator says what has become of a run: whoever leads goes on by it', async () => {
    await admin.must(['create', '-f', '-'], manifest('NetworkExperiment', 'told', experiment(faultOn([here]))));
    const patch = ['patch', 'networkexperiment', 'told', '-n', 'own', '--subresource=status', '--type=merge', '-p'];
    const startedAt = '2026-01-01T00:00:00Z';
    const told = { observedGeneration: 1, phase: 'inject', seed: 's', startedAt, targetCount: 0, targets: [], residue: 0 };
    const status = { ...told, conditions: [], run: {}, faultTasks: [] };
    const { code, stderr } = await admin.kubectl([...patch, JSON.stringify({ status })]);
    expect(code).toBe(1);
    expect(stderr).toContain('nobody else says what has become of a run');
    await admin.must(['delete', 'networkexperiment', 'told', '-n', 'own']);
  });

  it('may not turn an experiment that was admitted on others, but may order its abort', async () => {
    await admin.must(['create', '-f', '-'], runs(experiment(faultOn([there]))));
    const patch = (text: object) => [
      'patch',
      'networkexperiment',
      'tried',
      '-n',
      'own',
      '--type=merge',
      '-p',
      JSON.stringify(text),
      ...ann,
    ];
    const abort = { metadata: { annotations: { 'squall.networkmachinery.io/abort': 'enough' } } };
    expect((await admin.kubectl(patch(abort))).code).toBe(0);
    const { code, stderr } = await admin.kubectl(patch({ spec: { duration: '20s' } }));
    expect(code).toBe(1);
    expect(stderr).toContain('targets are in namespaces other');
    await admin.must(['delete', 'networkexperiment', 'tried', '-n', 'own']);
  });

  it.each([
    ['NodeTasks', ['get', 'nodetasks', '-n', 'squall-system']],
    ['reports of others', ['get', 'configmap', 'any', '-n', 'other']],
    ['secrets', ['get', 'secrets', '-n', 'own']],
  ])('may not read %s', async (_, args) => {
    const { code, stderr } = await admin.kubectl([...args, ...ann]);
    expect(code).toBe(1);
    expect(stderr).toContain('Forbidden');
  });
});

describe('the accounts', () => {
  const can = async (account: string, ...words: string[]) =>
    (await admin.kubectl(['auth', 'can-i', ...words, `--as=${account}`])).stdout.trim();

  it.each([
    [operator, 'get', 'secrets', '-A'],
    [operator, 'create', 'pods/exec', '-A'],
    [operator, 'list', 'configmaps', '-A'],
    [operator, 'list', 'endpointslices.discovery.k8s.io', '-n', 'default'],
    [operator, 'get', 'endpointslices.discovery.k8s.io/other', '-n', 'default'],
    [operator, 'update', 'nodetasks.networkmachinery.io', '-n', 'default'],
    [operator, 'update', 'namespaces'],
    [operator, 'create', 'networktrafficshapers.networkmachinery.io', '-A'],
    [agent, 'get', 'secrets', '-A'],
    [agent, 'create', 'pods/exec', '-A'],
    [agent, 'list', 'pods', '-A'],
    [agent, 'list', 'nodetasks.networkmachinery.io', '-A'],
    [agent, 'update', 'nodetasks.networkmachinery.io', '-n', 'squall-system'],
    [agent, 'create', 'events.events.k8s.io', '-n', 'default'],
    [operator, 'update', 'networkmonitors.networkmachinery.io', '--subresource=status', '-A'],
    [operator, 'create', 'networknotifications.networkmachinery.io', '-A'],
    [agent, 'get', 'networkmonitors.networkmachinery.io', '-A'],
    [observer, 'get', 'secrets', '-A'],
    [observer, 'list', 'pods', '-A'],
    [observer, 'list', 'nodetasks.networkmachinery.io', '-n', 'squall-system'],
    [observer, 'update', 'networkmonitors.networkmachinery.io', '-A'],
    [observer, 'create', 'networkmonitors.networkmachinery.io', '-A'],
    [observer, 'patch', 'networkexperiments.networkmachinery.io', '-A'],
    [observer, 'update', 'networkexperiments.networkmachinery.io', '--subresource=status', '-A'],
    [observer, 'update', 'networknotifications.networkmachinery.io', '-A'],
    [observer, 'list', 'leases.coordination.k8s.io', '-n', 'squall-system'],
    [observer, 'update', 'leases.coordination.k8s.io/squall-operator', '-n', 'squall-system'],
    [observer, 'create', 'leases.coordination.k8s.io', '-n', 'own'],
  ])('%s may not %s %s %s', async (account, ...words) => {
    expect(await can(account, ...words)).toBe('no');
  });

  it.each([
    [operator, 'create', 'nodetasks.networkmachinery.io', '-n', 'squall-system'],
    [operator, 'update', 'networkexperiments.networkmachinery.io', '--subresource=status', '-n', 'own'],
    [operator, 'list', 'pods', '-A'],
    [operator, 'list', 'namespaces'],
    [operator, 'get', 'endpointslices.discovery.k8s.io/kubernetes', '-n', 'default'],
    [agent, 'watch', 'nodetasks.networkmachinery.io', '-n', 'squall-system'],
    [agent, 'update', 'nodetasks.networkmachinery.io', '--subresource=status', '-n', 'squall-system'],
    [operator, 'watch', 'networkmonitors.networkmachinery.io', '-A'],
    [observer, 'watch', 'networkmonitors.networkmachinery.io', '-A'],
    [observer, 'watch', 'networkexperiments.networkmachinery.io', '-A'],
    [observer, 'update', 'networkmonitors.networkmachinery.io', '--subresource=status', '-A'],
    [observer, 'create', 'networknotifications.networkmachinery.io', '-A'],
    [observer, 'delete', 'networknotifications.networkmachinery.io', '-A'],
    [observer, 'update', 'leases.coordination.k8s.io/squall-observer', '-n', 'squall-system'],
  ])('%s may %s %s %s', async (account, ...words) => {
    expect(await can(account, ...words)).toBe('yes');
  });
});

describe('the observer', () => {
  const asObserver = [`--as=${observer}`, '--as-group=system:serviceaccounts'];
  const lease = (name: string) =>
    JSON.stringify({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace: 'squall-system' },
      spec: { holderIdentity: 'somebody', leaseDurationSeconds: 5 },
    });

  it.each([
    ['its own Lease and', 'squall-observer', 0, ''],
    ["not the operator's: whoever holds that leads", 'squall-operator', 1, 'expected the Lease squall-observer'],
    ["not a run's: it would hold a fault", 'squall-run-of-somebody', 1, 'expected the Lease squall-observer'],
  ])('creates %s', async (_, name, code, message) => {
    const created = await admin.kubectl(['create', '--dry-run=server', '-f', '-', ...asObserver], lease(name));
    expect([created.code, created.stderr]).toEqual([code, expect.stringContaining(message) as string]);
  });

  it('alone says what a monitor sees: an abort rests on it', async () => {
    const flows = [{ name: 'tcp', keys: 'ipsource', value: 'frames' }];
    await admin.must(['create', '-f', '-'], manifest('NetworkMonitor', 'seen', { flows }));
    const none = { agentCount: 0, agents: [], flows: [], thresholds: [], armed: [], traffic: [], conditions: [] };
    const heartbeatAt = '2026-01-01T00:00:00Z';
    const status = {
      observedGeneration: 1,
      observedBy: 'collector',
      heartbeatAt,
      state: 'quiet',
      message: 'all is well',
      ...none,
    };
    const patch = ['patch', 'networkmonitor', 'seen', '-n', 'own', '--subresource=status', '--type=merge', '-p'];
    const told = await admin.kubectl([...patch, JSON.stringify({ status })]);
    expect([told.code, told.stderr]).toEqual([1, expect.stringContaining('nobody else says what a monitor sees') as string]);
    const path = '/apis/networkmachinery.io/v1alpha1/namespaces/own/networkmonitors/seen/status';
    const seen = JSON.parse(await admin.must(['get', 'networkmonitor', 'seen', '-n', 'own', '-o', 'json'])) as object;
    const own = ['replace', '--raw', path, '-f', '-', ...asObserver];
    expect(await admin.kubectl(own, JSON.stringify({ ...seen, status }))).toMatchObject({ code: 0 });
    await admin.must(['delete', 'networkmonitor', 'seen', '-n', 'own']);
  });
});

describe('a NodeTask', () => {
  const status = { observedGeneration: 1, targets: [], residue: 0 };

  it('is written by nobody but the operator', async () => {
    const create = ['create', '-f', '-'];
    const text = JSON.stringify(nodeTask('not-mine', 'node-a'));
    const { code, stderr } = await admin.kubectl(create, text);
    expect(code).toBe(1);
    expect(stderr).toContain('expected the account squall-operator');
    await admin.must([...create, `--as=${operator}`, '--as-group=system:serviceaccounts'], text);
  });

  it("is answered by its node's agent alone", async () => {
    const answer = async (token: string) =>
      await admin.kubectl(
        [
          'replace',
          '--raw',
          '/apis/networkmachinery.io/v1alpha1/namespaces/squall-system/nodetasks/not-mine/status',
          '-f',
          '-',
          `--token=${token}`,
          '--kubeconfig=/dev/null',
          `--server=${admin.url}`,
          '--insecure-skip-tls-verify',
        ],
        JSON.stringify({
          ...(JSON.parse(await admin.must(['get', 'nodetask', 'not-mine', '-n', 'squall-system', '-o', 'json'])) as object),
          status,
        }),
      );
    for (const node of ['node-a', 'node-b'])
      await admin.must(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: node } }));
    const [own, foreign] = [
      await serviceAccountToken(admin, 'squall-agent', 'node-a'),
      await serviceAccountToken(admin, 'squall-agent', 'node-b'),
    ];
    const unbound = (await admin.must(['create', 'token', 'squall-agent', '-n', 'squall-system'])).trim();
    for (const token of [foreign, unbound]) {
      const { code, stderr } = await answer(token);
      expect([code, stderr]).toEqual([1, expect.stringContaining('nobody else answers for that node') as string]);
    }
    expect(await answer(own)).toMatchObject({ code: 0 });
    expect(
      (
        await admin.kubectl([
          'patch',
          'nodetask',
          'not-mine',
          '-n',
          'squall-system',
          '--subresource=status',
          '--type=merge',
          '-p',
          '{"status":{"residue":3}}',
        ])
      ).code,
    ).toBe(1);
    const isOperator = [`--as=${operator}`, '--as-group=system:serviceaccounts'];
    await admin.must(['delete', 'nodetask', 'not-mine', '-n', 'squall-system', ...isOperator]);
  });
});
