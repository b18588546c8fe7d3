/**
 * What controllers and agents write into statuses, as schemas, so that the API server takes nothing else. Of unknown content are only
 * unions by a tag, which structural schemas cannot say, and the run machine's own state, which only that machine reads.
 */
import * as z from 'zod';
import type { Kind } from '../kinds/index.ts';
import type { Condition } from '../metadata.ts';
import { phases } from '../model.ts';
import { armedStates, type MonitorStatus, signalStates } from '../monitor-status.ts';
import { targetPhases } from '../node-task.ts';
import { reportPhases, verdicts } from '../report.ts';
import { type ScheduleStatus, tickOutcomes, tickReasons } from '../schedule-status.ts';
import { withServerSchema } from '../server-rules.ts';
import { nodeOutcomes, type ValidatorStatus } from '../validator-status.ts';

const text = z.string();
const instant = z.iso.datetime({ offset: true });
const unknownContent = z.looseObject({});

const condition = z.object({
  type: z.string().max(316),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/),
  message: z.string().max(32_768),
  lastTransitionTime: instant,
  observedGeneration: z.int().optional(),
}) satisfies z.ZodType<Condition>;

const conditions = withServerSchema(z.array(condition), {
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
});

/** Of kinds whose controllers come with a later part of Squall: what every status has. */
const commonStatus = z.object({ observedGeneration: z.int().optional(), conditions: conditions.optional() });

export const experimentStatus = z.object({
  observedGeneration: z.int(),
  phase: z.enum(['pending', ...reportPhases, 'settle', 'done']),
  verdict: z.enum(verdicts).optional(),
  reason: text.optional(),
  message: text.optional(),
  seed: text,
  startedAt: instant,
  endsAt: instant.optional().describe('When the present phase ends if nothing cuts it off.'),
  endedAt: instant.optional(),
  fault: text.optional().describe('What is done to packets, in words such as delay 200ms.'),
  targetCount: z.int(),
  targets: z.array(z.object({ uid: text, namespace: text, name: text, node: text })),
  addresses: z
    .array(text)
    .optional()
    .describe('Of the targets and of the services that lead to them: by these their packets are known on the wire.'),
  residue: z.int(),
  conditions,
  run: unknownContent.describe("The run machine's own state: a restart goes on from here."),
  faultTasks: z.array(unknownContent).describe('The tasks by which the fault is undone.'),
  measured: unknownContent.optional().describe('What was measured during the fault so far, for an operator that takes over.'),
});

export const scheduleStatus = z.object({
  observedGeneration: z.int(),
  timing: z.object({ schedule: text, timeZone: text }),
  decidedUntil: instant,
  lastScheduleTime: instant.optional(),
  lastSuccessfulTime: instant.optional(),
  nextScheduleTime: instant.optional(),
  active: z.array(z.object({ name: text, uid: text })),
  lastVerdict: z.enum(verdicts).optional(),
  recentTicks: z.array(
    z.object({
      time: instant,
      tick: instant,
      outcome: z.enum(tickOutcomes),
      reason: z.enum([...tickReasons.Started, ...tickReasons.Skipped, ...tickReasons.Missed]),
      run: text.optional(),
      message: text.optional(),
      count: z.int().optional(),
    }),
  ),
  conditions,
}) satisfies z.ZodType<ScheduleStatus>;

export const validatorStatus = z.object({
  observedGeneration: z.int(),
  round: z.object({ number: z.int(), generation: z.int(), startedAt: instant, nodes: z.array(text) }).optional(),
  checkedAt: instant.optional(),
  rounds: z.int(),
  summary: text.describe('How many nodes are Valid, of how many.'),
  nodes: z.array(
    z.object({
      node: text,
      outcome: z.enum(nodeOutcomes),
      since: instant,
      kernel: text.optional(),
      checkCount: z.int(),
      checks: z.array(z.object({ name: text, ok: z.boolean(), expected: text, found: text, remedy: text })),
    }),
  ),
  conditions,
}) satisfies z.ZodType<ValidatorStatus>;

const count = z.int();
const rate = z.number();

const crossing = z.object({
  threshold: text,
  flow: text.optional(),
  value: rate,
  limit: rate,
  agent: text,
  dataSource: text,
  samples: count,
  errorPercent: rate,
  eventId: count,
  at: instant,
});

const trafficAmount = z.object({
  samples: count,
  frames: count,
  bytes: count,
  connectionAttempts: count,
  payloadBytes: count,
  source: text.optional(),
  evenSamples: z.object({ frames: rate, payloadBytes: rate }).optional(),
});

export const monitorStatus = z.object({
  observedGeneration: count,
  observedBy: text,
  heartbeatAt: instant.describe('Advances every second while the observer answers.'),
  state: z.enum(signalStates).describe('The worst of all thresholds.'),
  message: text,
  agentCount: count,
  agents: z
    .array(
      z.object({
        agent: text,
        subAgent: count,
        datagrams: count,
        datagramsPerSecond: rate,
        samplesPerSecond: rate,
        lost: count,
        sampleDrops: count,
        restarts: count,
        signal: z.enum(['good', 'degraded', 'lost']),
        lastDatagramAt: instant,
        samplingRate: count.optional(),
      }),
    )
    .describe('Those of the most datagrams.'),
  refused: z
    .array(z.object({ reason: text, count }))
    .optional()
    .describe('Datagrams and samples that the collector received and did not use, by reason.'),
  flows: z.array(z.object({ name: text, topKeys: z.array(z.object({ key: text, value: rate })) })),
  thresholds: z.array(
    z.object({
      name: text,
      state: z.enum(signalStates),
      message: text,
      value: rate,
      flow: text.optional(),
      limit: rate,
      samples: count.optional(),
      errorPercent: rate.optional(),
      lastCrossing: crossing.optional(),
    }),
  ),
  armed: z
    .array(
      z.object({
        run: text,
        threshold: text,
        state: z.enum(armedStates),
        message: text,
        limit: rate.optional(),
        baseline: z.object({ rate, low: rate, high: rate }).optional(),
        crossing: crossing.optional(),
        notification: text.optional(),
      }),
    )
    .describe('What may abort runs, by uid of the run.'),
  traffic: z.array(
    z.object({
      run: text,
      traffic: z.object({
        phases: z.array(
          z.object({
            phase: z.enum(phases),
            seconds: rate,
            targets: trafficAmount,
            others: trafficAmount,
            targetFlows: z.array(z.object({ flow: text, framesPerSecond: rate })),
          }),
        ),
      }),
    }),
  ),
  conditions,
}) satisfies z.ZodType<MonitorStatus>;

const doseUnit = z.enum(['ms', '%', 'bit/s']);
const number = z.number();
const dose = z.object({
  requested: z.object({ value: number, unit: doseUnit }),
  measured: z.object({ value: number, low: number, high: number, unit: doseUnit }),
  samples: number,
  source: z.enum(['probe', 'counters']),
  ok: z.boolean(),
});

const targetStatus = z.object({
  podUid: text,
  phase: z.enum(targetPhases),
  reason: text.optional(),
  message: text.optional(),
  driver: text.optional(),
  counters: z.object({ packets: number, bytes: number, drops: number }).optional(),
  renewals: z.object({ done: number, late: number, failed: number }).optional(),
  dose: dose.optional(),
  step: z.int().optional(),
  pastSteps: z
    .array(
      z.object({ step: z.int(), since: instant, effect: unknownContent.describe('A union by its type.'), dose: dose.optional() }),
    )
    .optional(),
  resting: z.boolean().optional(),
  exposure: z.record(text, number).optional(),
  since: instant,
  activeAt: instant.optional(),
  cleanAt: instant.optional(),
  undoneAt: instant.optional(),
  warnings: z.array(text).optional(),
  changedByOthers: z.array(text).optional(),
});

const second = z.object({
  second: number,
  sent: number,
  lost: number,
  sumMs: number,
  minMs: number,
  maxMs: number,
  stepSumMs: number,
  steps: number,
  buckets: z.record(text, number),
});

export const nodeTaskStatus = z.object({
  observedGeneration: z.int(),
  targets: z.array(targetStatus),
  aggregates: z.record(text, z.array(second)).optional(),
  checks: z
    .array(
      z.object({
        check: unknownContent.describe('A union by its field check.'),
        ok: z.boolean(),
        expected: text,
        found: text,
        remedy: text,
        driver: text.optional(),
        warning: text.optional(),
      }),
    )
    .optional(),
  residue: z.int(),
  kernel: text.optional(),
});

/** Undefined: the kind has no status. */
export const statuses: Record<Kind, z.ZodType | undefined> = {
  NetworkTrafficShaper: commonStatus,
  NetworkConnectivityTest: commonStatus,
  NetworkPerformanceTest: commonStatus,
  NetworkDelayTest: commonStatus,
  NetworkMonitor: monitorStatus,
  NetworkNotification: undefined,
  NetworkModulesValidator: validatorStatus,
  NetworkExperiment: experimentStatus,
  NetworkExperimentSchedule: scheduleStatus,
  NetworkGameDay: commonStatus,
  NetworkHalt: undefined,
  NodeTask: nodeTaskStatus,
};
