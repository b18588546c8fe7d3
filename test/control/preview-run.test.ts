import { describe, expect, it } from 'vitest';
import { type MonitorStatus, readSpec } from '../../src/api/index.ts';
import {
  type ExperimentObject,
  type PlaceRules,
  type PlannedPreview,
  previewRun,
  type RunPreview,
  type SpecReader,
} from '../../src/control/index.ts';
import { planRun } from '../../src/control/plan-run.ts';
import { readRunRequest } from '../../src/control/run-request.ts';
import { SquallError } from '../../src/lib/index.ts';
import { world } from './world.ts';

const facts = { world, now: Date.parse('2026-01-01T00:00:00Z'), drawnSeed: 'drawn' };
const connectivity = {
  layer: '4',
  source: { namespace: 'shop', name: 'checkout' },
  destinations: [{ kind: 'service', namespace: 'shop', name: 'payments', port: '8080' }],
};
const shaper = {
  targets: [{ kind: 'selector', namespace: 'shop', targetSelector: { matchLabels: { app: 'payments' } }, mode: 'all' }],
  configuration: { type: 'delay', device: 'eth0', value: '200ms' },
  lease: '9s',
};
const stored: Record<string, unknown> = { 'NetworkTrafficShaper slow': shaper, 'NetworkConnectivityTest reaches': connectivity };
const reader: SpecReader = {
  get: ({ kind }, { name }) => {
    const spec = stored[`${kind} ${name}`];
    return spec === undefined ? Promise.reject(new SquallError('NotFound', `no ${name}`)) : Promise.resolve({ spec });
  },
};

function experiment(changes: Record<string, unknown> = {}): ExperimentObject {
  const spec = {
    duration: '20s',
    before: '5s',
    after: '5s',
    fault: shaper,
    hypothesis: [{ name: 'reaches', connectivity }],
    ...changes,
  };
  return { metadata: { name: 'slow-payments', namespace: 'shop' }, spec } as unknown as ExperimentObject;
}

async function planned(changes?: Record<string, unknown>): Promise<PlannedPreview> {
  const preview: RunPreview = await previewRun(reader, experiment(changes), facts);
  if ('refusal' in preview) throw new Error(preview.refusal.message);
  return preview;
}

describe('previewRun', () => {
  it('names every pod that is hurt, where it is, by what, and who is spared', async () => {
    const { hurt, durationMs, leaseSeconds } = await planned();
    expect({ durationMs, leaseSeconds }).toEqual({ durationMs: 20_000, leaseSeconds: 9 });
    const what = { device: 'eth0', fault: 'delay 200ms', peers: 'all', include: [] };
    expect(hurt).toHaveLength(2);
    const labels = { app: 'payments' };
    const byName = hurt.toSorted((one, other) => one.name.localeCompare(other.name));
    expect(byName).toMatchObject([
      { namespace: 'shop', name: 'payments-0', node: 'lab', labels, ...what, spared: ['10.0.0.254', 'fd00::fe'] },
      { namespace: 'shop', name: 'payments-1', node: 'other', labels, ...what, spared: ['10.0.0.254'] },
    ]);
  });

  it('names peers as addresses, and every address that is probed', async () => {
    const toDatabase = { ...shaper, peers: [{ kind: 'pod', namespace: 'shop', name: 'db' }] };
    const { hurt, probes } = await planned({ fault: toDatabase });
    expect(hurt.map(({ peers }) => peers)).toEqual(hurt.map(() => ['10.0.0.20', 'fd00::20']));
    const what = { hypothesis: 'reaches', source: 'shop/checkout', protocol: 'tcp', port: 8080 };
    expect(probes).toEqual([
      { ...what, address: '10.96.0.1' },
      { ...what, address: 'fd00:96::1' },
    ]);
  });

  it('names what a fault becomes while it is active, and that it rests in turns', async () => {
    const steps = [
      { at: '5s', value: '300ms' },
      { at: '10s', jitter: '5ms' },
    ];
    const configuration = { ...shaper.configuration, steps, pulse: { active: '2s', idle: '1s' } };
    const { hurt } = await planned({ fault: { ...shaper, configuration } });
    expect(hurt).toHaveLength(2);
    for (const one of hurt) {
      expect(one).toMatchObject({
        fault: 'delay 200ms',
        steps: [
          { atMs: 5000, fault: 'delay 300ms' },
          { atMs: 10_000, fault: 'delay 200ms jitter 5ms' },
        ],
        pulse: { activeMs: 2000, idleMs: 1000 },
      });
    }
  });

  it('sees what a target answers to clients of its service', async () => {
    const topKeys = [
      { key: '10.96.0.1,10.0.0.1', value: 30 },
      { key: '10.0.0.1,10.0.0.2', value: 70 },
    ];
    const monitor = readSpec('NetworkMonitor', { flows: [{ name: 'pairs', keys: 'ipsource,ipdestination', value: 'frames' }] });
    const status = { heartbeatAt: new Date(facts.now).toISOString(), state: 'quiet', flows: [{ name: 'pairs', topKeys }] };
    const monitors = [{ namespace: 'shop', name: 'web', monitor, status: status as unknown as MonitorStatus }];
    const shareOf = async (mode: string) => {
      const targets = shaper.targets.map((one) => ({ ...one, mode }));
      const fault = { ...shaper, targets };
      return await previewRun(reader, experiment({ fault }), { ...facts, monitors });
    };
    expect(await shareOf('all')).toMatchObject({ traffic: [{ share: { least: 0.3, most: 0.3 } }] });
    expect(await shareOf('one')).toMatchObject({ traffic: [{ share: { least: 0, most: 0.3 } }] });
  });

  it('says how much of what a monitor sees would be touched, and nothing of that without fault or monitor', async () => {
    const now = new Date(facts.now).toISOString();
    const topKeys = [
      { key: '10.0.0.10,10.0.0.1', value: 30 },
      { key: '10.0.0.1,10.0.0.10', value: 70 },
    ];
    const monitor = readSpec('NetworkMonitor', { flows: [{ name: 'pairs', keys: 'ipsource,ipdestination', value: 'frames' }] });
    const status = { heartbeatAt: now, state: 'quiet', flows: [{ name: 'pairs', topKeys }] } as unknown as MonitorStatus;
    const monitors = [{ namespace: 'shop', name: 'web', monitor, status }];
    const preview = await previewRun(reader, experiment(), { ...facts, monitors });
    expect(preview).toMatchObject({ traffic: [{ monitor: 'shop/web', flow: 'pairs', share: { least: 0.3, most: 0.3 } }] });
    expect(await previewRun(reader, experiment({ fault: undefined }), { ...facts, monitors })).not.toHaveProperty('traffic');
    expect(await planned()).not.toHaveProperty('traffic');
  });

  it('names ports beside the peers that have them, and what else narrows the fault', async () => {
    const narrow = {
      ...shaper,
      peers: [{ kind: 'ip', ip: '192.0.2.1', port: 8000, endPort: 8100 }],
      ports: [{ port: 80 }],
      protocol: 'tcp',
      except: [{ kind: 'ip', ip: '192.0.2.7' }],
      include: ['dns'],
    };
    const { hurt } = await planned({ fault: narrow });
    expect(hurt[0]).toMatchObject({
      fault: 'delay 200ms, tcp at its port 80 only',
      peers: ['192.0.2.1 port 8000-8100'],
      include: ['dns'],
      spared: expect.arrayContaining(['192.0.2.7']) as unknown,
    });
  });

  it('names hosts as such, for only targets know where they lead', async () => {
    const named = {
      ...shaper,
      peers: [
        { kind: 'ip', ip: '192.0.2.1' },
        { kind: 'host', host: 'db.example' },
        { kind: 'host', host: 'api.example', port: 443 },
      ],
      except: [{ kind: 'host', host: 'metrics.example' }],
    };
    const { hurt } = await planned({ fault: named });
    expect(hurt[0]).toMatchObject({
      peers: ['192.0.2.1', 'db.example', 'api.example port 443'],
      spared: ['10.0.0.254', 'fd00::fe', 'metrics.example'],
    });
  });

  it.each([
    ['what it refers to does not exist', { fault: { ref: 'nowhere' } }, 'NotFound'],
    ['nobody is selected', { fault: { ...shaper, targets: [{ kind: 'pod', namespace: 'shop', name: 'nobody' }] } }, 'NoTarget'],
    [
      'its source does not run',
      { hypothesis: [{ name: 'reaches', connectivity: { ...connectivity, source: { namespace: 'shop', name: 'payments-2' } } }] },
      'SourceNotRunning',
    ],
    ['its spec cannot be read', { duration: 'soon' }, 'InvalidInput'],
  ])('says why a run would be refused: %s', async (_, changes, reason) => {
    const preview = await previewRun(reader, experiment(changes), facts);
    expect(preview).toEqual({
      namespace: 'shop',
      name: 'slow-payments',
      refusal: { reason, message: expect.any(String) as string },
    });
  });

  it('says why a run would be refused where it hurts whom it must not, or too much', async () => {
    const reasonOf = async (changes: Record<string, unknown>, rules: PlaceRules = {}) => {
      const preview = await previewRun(reader, experiment(changes), { ...facts, rules });
      return 'refusal' in preview ? preview.refusal : undefined;
    };
    expect(await reasonOf({ blastRadius: { maxTargets: 2 } })).toBeUndefined();
    expect(await reasonOf({ blastRadius: { maxTargets: 1 } })).toEqual({
      reason: 'BlastRadiusExceeded',
      message: expect.stringContaining('blastRadius.maxTargets: 2 pods would be hurt; expected at most 1') as string,
    });
    expect(await reasonOf({ blastRadius: { maxTargets: 2 } }, { ceilings: { maxTargets: 1 } })).toEqual({
      reason: 'BlastRadiusExceeded',
      message: expect.stringContaining('no experiment can lift') as string,
    });
    expect(await reasonOf({}, { protectedNamespaces: ['shop'] })).toMatchObject({ reason: 'TargetNotAllowed' });
  });

  it('follows references', async () => {
    const { hurt, probes } = await planned({
      fault: { ref: 'slow' },
      hypothesis: [{ name: 'a', connectivity: { ref: 'reaches' } }],
    });
    expect([hurt.length, probes.length]).toEqual([2, 2]);
  });

  it.each(['one', 'fixed-percent'])('chooses the pods that the run of the same seed chooses, mode %s', async (mode) => {
    const target = { ...shaper.targets[0], mode, ...(mode === 'one' ? {} : { value: '50' }) };
    for (const seed of ['a', 'b', 'c', 'd', 'e']) {
      const object = experiment({ fault: { ...shaper, targets: [target] }, seed });
      const preview = await previewRun(reader, object, facts);
      const plan = planRun(await readRunRequest(reader, object, '', 'another'), world, facts.now);
      if (plan.kind !== 'planned' || 'refusal' in preview) throw new Error('refused');
      expect(preview.seed).toBe(seed);
      expect(preview.hurt.map(({ name }) => name)).toEqual(plan.targets.map(({ name }) => name));
    }
  });
});
