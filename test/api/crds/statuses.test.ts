import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { customResourceDefinition } from '../../../src/api/crds/index.ts';
import type {
  experimentStatus,
  monitorStatus,
  nodeTaskStatus,
  scheduleStatus,
  validatorStatus,
} from '../../../src/api/crds/statuses.ts';
import type {
  ArmedThreshold,
  Crossing,
  Kind,
  MonitoredAgent,
  MonitoredThreshold,
  MonitorStatus,
  NodeTaskStatus,
  PhaseTraffic,
  ScheduleStatus,
  SecondAggregate,
  TargetStatus,
  TrafficAmount,
  ValidatedNode,
  ValidatorStatus,
} from '../../../src/api/index.ts';
import { type ExperimentObject, experiments, type ExperimentStatus } from '../../../src/control/index.ts';
import { startMachine } from '../../control/machine.ts';
import { start, startScheduleWorld, template } from '../../control/schedules.ts';
import { goodSpecs, shaper } from '../samples.ts';
import { asStored, rootSchema, serverCheck } from './server-check.ts';

type ValidatorSchema = z.input<typeof validatorStatus>;
type TaskSchema = z.input<typeof nodeTaskStatus>;
type MonitorSchema = z.input<typeof monitorStatus>;
type ArmedSchema = MonitorSchema['armed'][number];
type Lost<Written, Schema> = Exclude<keyof Written, keyof Schema>;
/** Compiles only while every field that is written is in the schema, and of a type that the schema takes. */
export const isTaken = {
  experiment: (status: ExperimentStatus): z.input<typeof experimentStatus> => status,
  nodeTask: (status: NodeTaskStatus): TaskSchema => status,
  lostByExperiment: [] as Lost<ExperimentStatus, z.input<typeof experimentStatus>>[] satisfies never[],
  lostBySchedule: [] as Lost<ScheduleStatus, z.input<typeof scheduleStatus>>[] satisfies never[],
  lostByValidator: [] as Lost<ValidatorStatus, ValidatorSchema>[] satisfies never[],
  lostByNode: [] as Lost<ValidatedNode, ValidatorSchema['nodes'][number]>[] satisfies never[],
  lostByMonitor: [] as Lost<MonitorStatus, MonitorSchema>[] satisfies never[],
  lostByMonitoredAgent: [] as Lost<MonitoredAgent, MonitorSchema['agents'][number]>[] satisfies never[],
  lostByMonitoredThreshold: [] as Lost<MonitoredThreshold, MonitorSchema['thresholds'][number]>[] satisfies never[],
  lostByArmedThreshold: [] as Lost<ArmedThreshold, ArmedSchema>[] satisfies never[],
  lostByCrossing: [] as Lost<Crossing, NonNullable<ArmedSchema['crossing']>>[] satisfies never[],
  lostByTraffic: [] as Lost<PhaseTraffic, MonitorSchema['traffic'][number]['traffic']['phases'][number]>[] satisfies never[],
  lostByAmount: [] as Lost<
    TrafficAmount,
    MonitorSchema['traffic'][number]['traffic']['phases'][number]['others']
  >[] satisfies never[],
  lostByTask: [] as Lost<NodeTaskStatus, TaskSchema>[] satisfies never[],
  lostByTarget: [] as Lost<TargetStatus, TaskSchema['targets'][number]>[] satisfies never[],
  lostByAggregate: [] as Lost<SecondAggregate, NonNullable<TaskSchema['aggregates']>[string][number]>[] satisfies never[],
};

/** That the server takes a status, and keeps every field of it. */
function expectKept(kind: Kind, spec: unknown, status: unknown): void {
  const definition = customResourceDefinition(kind);
  const written = { apiVersion: 'networkmachinery.io/v1alpha1', kind, metadata: { name: 'a' }, spec, status };
  // As it travels: without what is undefined.
  const travelled = JSON.parse(JSON.stringify(written)) as { status: unknown };
  expect(serverCheck(definition, travelled)).toEqual([]);
  expect((asStored(travelled, rootSchema(definition)) as { status: unknown }).status).toEqual(travelled.status);
}

describe('the status of an experiment', () => {
  it('is kept whole in every phase, and says in words what kubectl shows', async () => {
    const machine = await startMachine();
    const spec = { duration: '1s', before: '0s', after: '0s', fault: shaper };
    const seen = new Map<string, ExperimentObject>();
    try {
      const { metadata } = await machine.create(spec);
      for (;;) {
        const object = await machine.store.get(experiments, { namespace: 'shop', name: metadata.name });
        if (object.status) seen.set(object.status.phase, object);
        if (object.status?.phase === 'done') break;
      }
    } finally {
      await machine.stop();
    }
    expect(seen.size).toBeGreaterThan(1);
    for (const { status } of seen.values()) expectKept('NetworkExperiment', spec, status);
    const during = seen.get('during')?.status;
    expect(during).toMatchObject({ fault: 'delay 200ms', targetCount: 1 });
    expect(during?.endsAt).toMatch(/^\d{4}-.*Z$/);
    expect(seen.get('done')?.status).not.toHaveProperty('endsAt');
  }, 60_000);
});

describe('the status of a schedule', () => {
  it('is kept whole through ticks of every kind', async () => {
    const world = await startScheduleWorld();
    const statuses: (ScheduleStatus | undefined)[] = [];
    const spec = { schedule: '*/5 * * * *', experimentTemplate: template };
    try {
      await world.define(spec);
      await world.beat();
      for (const minutes of [5, 10, 25]) {
        world.moveTo(start + minutes * 60_000);
        await world.beat();
        statuses.push(await world.status());
      }
      await world.finish(world.created[0] ?? '', 'Passed');
      world.moveTo(start + 30 * 60_000);
      await world.beat();
      statuses.push(await world.status());
    } finally {
      await world.stop();
    }
    expect(statuses.at(-1)).toMatchObject({ lastVerdict: 'Passed' });
    expect(statuses.at(-1)?.recentTicks.length).toBeGreaterThan(2);
    for (const status of statuses) expectKept('NetworkExperimentSchedule', spec, status);
  });
});

const crossing: Required<Crossing> = {
  ...{ threshold: 'ddos', flow: '10.0.0.2,10.0.0.3', value: 612.3, limit: 100, agent: '10.0.0.1', dataSource: '2:1000' },
  ...{ samples: 24, errorPercent: 40, eventId: 7, at: '2026-06-01T10:00:00.123Z' },
};
const amount: Required<TrafficAmount> = {
  ...{ samples: 10, frames: 640, bytes: 64_000, connectionAttempts: 3, payloadBytes: 50_000 },
  ...{ source: '10.0.0.1 2:1000', evenSamples: { frames: 9.5, payloadBytes: 7.2 } },
};

/** With every field that an observer may write. */
const fullMonitorStatus: MonitorStatus = {
  ...{
    observedGeneration: 1,
    observedBy: 'collector',
    heartbeatAt: '2026-06-01T10:00:01.000Z',
    state: 'firing',
    message: 'ddos',
  },
  agentCount: 1,
  agents: [
    {
      ...{
        agent: '10.0.0.1',
        subAgent: 0,
        datagrams: 100,
        datagramsPerSecond: 1.5,
        samplesPerSecond: 10.5,
        lost: 1,
        sampleDrops: 2,
      },
      ...{ restarts: 0, signal: 'degraded', lastDatagramAt: '2026-06-01T10:00:00.900Z', samplingRate: 64 },
    },
  ],
  flows: [{ name: 'tcp', topKeys: [{ key: '10.0.0.2,10.0.0.3', value: 612.3 }] }],
  thresholds: [
    {
      ...{ name: 'ddos', state: 'firing', message: 'm', value: 612.3, flow: 'a', limit: 100, samples: 6, errorPercent: 78.4 },
      lastCrossing: crossing,
    },
  ],
  armed: [
    {
      ...{
        run: 'uid-1',
        threshold: 'ddos',
        state: 'learning',
        message: 'm',
        limit: 100,
        baseline: { rate: 1.5, low: 1, high: 2 },
      },
      ...{ crossing, notification: 'traffic-kx-7' },
    },
  ],
  traffic: [
    {
      run: 'uid-1',
      traffic: {
        phases: [
          {
            ...{ phase: 'during', seconds: 10.5, targets: amount, others: amount },
            targetFlows: [{ flow: '10.0.0.2,10.0.0.3,6,80', framesPerSecond: 12.5 }],
          },
        ],
      },
    },
  ],
  conditions: [{ type: 'Accepted', status: 'True', reason: 'Accepted', message: '', lastTransitionTime: '2026-06-01T10:00:00Z' }],
};

describe('the status of a monitor', () => {
  it('is kept whole, whatever an observer writes', () => {
    expectKept('NetworkMonitor', goodSpecs.NetworkMonitor, fullMonitorStatus);
  });
});

/** With every field that an agent may write. */
const fullStatus: Required<NodeTaskStatus> = {
  observedGeneration: 2,
  targets: [
    {
      podUid: 'uid-1',
      phase: 'Clean',
      reason: 'LeaseExpired',
      message: 'nobody renewed',
      driver: 'netem',
      counters: { packets: 12, bytes: 1200, drops: 3 },
      renewals: { done: 5, late: 1, failed: 0 },
      dose: {
        requested: { value: 200, unit: 'ms' },
        measured: { value: 200.4, low: 199.1, high: 201.2, unit: 'ms' },
        samples: 20,
        source: 'probe',
        ok: true,
      },
      exposure: { reaches: 12 },
      since: '2026-06-01T10:00:05.123Z',
      activeAt: '2026-06-01T10:00:00.000Z',
      cleanAt: '2026-06-01T10:00:05.000Z',
      undoneAt: '2026-06-01T10:00:05.100Z',
      changedByOthers: ['qdisc 1: is gone'],
    },
  ],
  aggregates: {
    'reaches/10.0.0.1': [
      {
        second: 1_780_000_000,
        sent: 5,
        lost: 1,
        sumMs: 0.8,
        minMs: 0.1,
        maxMs: 0.3,
        stepSumMs: 0.2,
        steps: 3,
        buckets: { '230': 4 },
      },
    ],
  },
  checks: [
    {
      check: { check: 'capability', capability: 'netem' },
      ok: false,
      expected: 'netem',
      found: 'no netem',
      remedy: 'load sch_netem',
    },
  ],
  residue: 0,
  kernel: '6.1.0-56-cloud-amd64',
};

describe('the status of a NodeTask', () => {
  const spec = {
    node: 'n',
    run: { uid: 'u', namespace: 'shop', name: 'run' },
    work: 'fault',
    instance: '0123abcd',
    generation: 2,
    order: 'apply',
    targets: [{ podUid: 'uid-1', namespace: 'shop', name: 'payments-0', ips: ['10.0.0.1'] }],
    fault: { id: 'f', effect: { type: 'delay', delayMs: 200 }, peers: 'all' },
    lease: { name: 'l', seconds: 30 },
    notAfter: '2026-06-01T10:00:00.000Z',
  };

  it('is kept whole, whatever an agent writes', () => {
    expectKept('NodeTask', spec, fullStatus);
  });

  it('leaves the work of a NodeTask as its controller wrote it', () => {
    const definition = customResourceDefinition('NodeTask');
    const task = { apiVersion: 'networkmachinery.io/v1alpha1', kind: 'NodeTask', metadata: { name: 'a' }, spec };
    expect(asStored(task, rootSchema(definition))).toEqual(task);
  });
});

describe('the status of a kind whose controller comes later', () => {
  it.each(['NetworkTrafficShaper', 'NetworkConnectivityTest', 'NetworkGameDay'] as const)('of %s has conditions', (kind) => {
    const condition = {
      type: 'Ready',
      status: 'True',
      reason: 'Applied',
      message: '',
      lastTransitionTime: '2026-06-01T10:00:00Z',
    };
    expectKept(kind, goodSpecs[kind], { observedGeneration: 1, conditions: [condition] });
  });
});
