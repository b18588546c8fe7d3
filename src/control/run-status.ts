import type { Condition, ObjectMeta, Verdict } from '../api/index.ts';
import type { RunPhase, RunState } from '../experiment/index.ts';
import { describeFault } from '../faults/index.ts';
import { formatInstant } from '../lib/index.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { RunTarget } from './plan-run.ts';
import { describeSkipped } from './skipped-nodes.ts';
import type { TaskPlan } from './task-plan.ts';

/** The status of a NetworkExperiment. Its one writer is the run reconciler. */
export type ExperimentStatus = {
  observedGeneration: number;
  phase: RunPhase;
  verdict?: Verdict;
  reason?: string;
  message?: string;
  seed: string;
  startedAt: string;
  /** When the present phase ends if nothing cuts it off; absent where only what happens ends it. */
  endsAt?: string;
  endedAt?: string;
  /** In words, such as `delay 200ms`; absent while none is planned. */
  fault?: string;
  targetCount: number;
  targets: RunTarget[];
  /** By which packets of the targets are known on the wire; absent of a status of before there were any. */
  addresses?: string[];
  residue: number;
  conditions: Condition[];
  /** The machine's own state, whole: a restart goes on from here. */
  run: RunState;
  /** The fault's tasks as they were planned, long before the first of them is created: whoever applies or undoes resolves nothing again. */
  faultTasks: TaskPlan[];
  /** What was measured of `during` so far, for whoever goes on with the run; absent where nobody would, and when it is over. */
  measured?: Checkpoint;
};

export type ExperimentObject = {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec: unknown;
  status?: ExperimentStatus;
};

export type StatusParts = {
  generation: number;
  seed: string;
  targets: RunTarget[];
  addresses: string[];
  faultTasks: TaskPlan[];
  /** Milliseconds since 1970. */
  endsAt?: number;
  measured?: Checkpoint;
};

export function statusOf(run: RunState, parts: StatusParts, before: readonly Condition[], now: number): ExperimentStatus {
  const { judgement } = run;
  const faults = new Set(
    parts.faultTasks.flatMap(({ spec }) => (spec.fault === undefined ? [] : [describeFault(spec.fault.effect)])),
  );
  return {
    observedGeneration: parts.generation,
    phase: run.phase,
    ...(judgement ?? {}),
    seed: parts.seed,
    startedAt: formatInstant(run.startedAt),
    ...(parts.endsAt === undefined ? {} : { endsAt: formatInstant(parts.endsAt) }),
    ...(run.phase === 'done' ? { endedAt: formatInstant(run.since) } : {}),
    ...(faults.size === 0 ? {} : { fault: [...faults].join(', ') }),
    targetCount: parts.targets.length,
    targets: parts.targets,
    addresses: parts.addresses,
    residue: run.undo.residue,
    conditions: conditionsOf(run, parts.generation, before, now),
    run,
    faultTasks: parts.faultTasks,
    ...(parts.measured === undefined ? {} : { measured: parts.measured }),
  };
}

/** `lastTransitionTime` is kept while a condition's status stays the same. */
function conditionsOf(run: RunState, generation: number, before: readonly Condition[], now: number): Condition[] {
  const facts: Pick<Condition, 'type' | 'status' | 'reason' | 'message'>[] = [
    preflightPassed(run),
    injected(run),
    cleanedUp(run),
  ];
  return facts.map((fact) => {
    const previous = before.find(({ type, status }) => type === fact.type && status === fact.status);
    return { ...fact, lastTransitionTime: previous?.lastTransitionTime ?? formatInstant(now), observedGeneration: generation };
  });
}

type Fact = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

function preflightPassed({ phases, ending, skipped = [] }: RunState): Fact {
  const record = phases.find(({ name }) => name === 'preflight');
  if (!record) return { type: 'PreflightPassed', status: 'Unknown', reason: 'Checking', message: '' };
  return record.outcome === 'ok'
    ? {
        type: 'PreflightPassed',
        status: 'True',
        reason: skipped.length === 0 ? 'ChecksPassed' : 'NodesSkipped',
        message: describeSkipped(skipped),
      }
    : { type: 'PreflightPassed', status: 'False', reason: ending?.reason ?? 'Refused', message: ending?.message ?? '' };
}

function injected({ phase, phases }: RunState): Fact {
  const active = phase === 'during' && phases.some(({ name }) => name === 'inject');
  return { type: 'Injected', status: active ? 'True' : 'False', reason: active ? 'TargetsActive' : 'NotActive', message: '' };
}

function cleanedUp({ touched, dirty, undo }: RunState): Fact {
  if (!touched) return { type: 'CleanedUp', status: 'True', reason: 'NothingTouched', message: '' };
  return dirty
    ? { type: 'CleanedUp', status: 'False', reason: 'FaultMayBeIn', message: '' }
    : { type: 'CleanedUp', status: 'True', reason: 'UndoProven', message: `residue ${String(undo.residue)}` };
}
