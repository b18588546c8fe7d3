/** What is going on, as data: decided from stored objects and an instant, so that text and JSON say the same. */
import { type HaltObject, haltMessage, type NodeTask, type Problem, readSpec, type Verdict } from '../../api/index.ts';
import type { ExperimentObject, MonitorObject, ScheduleObject } from '../../control/index.ts';
import { type AgentLease, totalResidue } from '../../server/index.ts';
import { type MonitorRow, monitorRow } from './monitor-rows.ts';

export type FolderStatus = { folder: string; count: number; problems: Problem[] };

export type StatusFacts = {
  experiments: readonly ExperimentObject[];
  schedules: readonly ScheduleObject[];
  tasks: readonly NodeTask[];
  /** Absent: nobody may read them, and only what runs know is counted. */
  agents?: readonly AgentLease[];
  /** Absent: nobody may read them. */
  halts?: readonly HaltObject[];
  /** Absent: nobody may read them. */
  monitors?: readonly MonitorObject[];
  /** Absent when no folder is followed. */
  folder?: FolderStatus;
};

export type ExperimentRow = {
  namespace: string;
  name: string;
  phase: string;
  /** Of the phase; only where the phase has an end by the clock. */
  timeLeftMs?: number;
  targets: number;
  verdict?: Verdict;
  reason?: string;
  residue: number;
  createdAt?: string;
};

export type ScheduleRow = {
  namespace: string;
  name: string;
  /** As they are written; the zone is UTC when none is. */
  schedule: string;
  timeZone: string;
  suspended: boolean;
  lastScheduleTime?: string;
  nextScheduleTime?: string;
  lastVerdict?: Verdict;
};

export type StatusView = {
  /** Who halts everything and why; absent while nobody does. */
  halted?: string;
  experiments: ExperimentRow[];
  schedules: ScheduleRow[];
  monitors: MonitorRow[];
  folder?: FolderStatus;
  residue: number;
};

/**
 * @param namespace absent: all
 * @param now milliseconds since 1970
 */
export function viewStatus(facts: StatusFacts, namespace: string | undefined, now: number): StatusView {
  const wanted = (object: { metadata: { namespace?: string } }): boolean =>
    namespace === undefined || (object.metadata.namespace ?? 'default') === namespace;
  const experiments = facts.experiments.filter(wanted).map((object) => viewExperiment(object, facts.tasks, now));
  // What no run owns is of no namespace.
  const ofNobody = namespace === undefined ? totalResidue([], facts.agents ?? []) : 0;
  const halted = haltMessage(facts.halts ?? []);
  return {
    ...(halted === undefined ? {} : { halted }),
    experiments: experiments.sort(newestFirst),
    schedules: facts.schedules.filter(wanted).map(viewSchedule),
    monitors: (facts.monitors ?? []).filter(wanted).map((monitor) => monitorRow(monitor, now)),
    ...(facts.folder === undefined ? {} : { folder: facts.folder }),
    residue: experiments.reduce((sum, { residue }) => sum + residue, 0) + ofNobody,
  };
}

function newestFirst(a: ExperimentRow, b: ExperimentRow): number {
  return (b.createdAt ?? '').localeCompare(a.createdAt ?? '') || a.name.localeCompare(b.name);
}

function viewExperiment({ metadata, spec, status }: ExperimentObject, tasks: readonly NodeTask[], now: number): ExperimentRow {
  const namespace = metadata.namespace ?? 'default';
  const ofTasks = tasks
    .filter((task) => task.spec.run.uid === metadata.uid)
    .reduce((sum, task) => sum + (task.status?.residue ?? 0), 0);
  const timeLeftMs = status && timeLeft(status.run, spec, namespace, now);
  return {
    namespace,
    name: metadata.name,
    phase: status?.phase ?? 'pending',
    ...(timeLeftMs === undefined ? {} : { timeLeftMs }),
    targets: status?.targets.length ?? 0,
    ...(status?.verdict === undefined ? {} : { verdict: status.verdict }),
    ...(status?.reason === undefined ? {} : { reason: status.reason }),
    // A task counts sooner than its run's status; both count the same things.
    residue: Math.max(status?.residue ?? 0, ofTasks),
    ...(metadata.creationTimestamp === undefined ? {} : { createdAt: metadata.creationTimestamp }),
  };
}

type Run = NonNullable<ExperimentObject['status']>['run'];

function timeLeft({ phase, windows }: Run, spec: unknown, namespace: string, now: number): number | undefined {
  if (phase !== 'before' && phase !== 'during' && phase !== 'after') return undefined;
  const from = windows[phase]?.from;
  const { beforeMs, durationMs, afterMs } = readSpec('NetworkExperiment', spec, namespace);
  const lengths = { before: beforeMs, during: durationMs, after: afterMs };
  return from === undefined ? undefined : Math.max(0, from + lengths[phase] - now);
}

function viewSchedule({ metadata, spec, status }: ScheduleObject): ScheduleRow {
  const {
    schedule = '',
    timeZone = 'UTC',
    suspend = false,
  } = spec as Partial<{ schedule: string; timeZone: string; suspend: boolean }>;
  return {
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    schedule,
    timeZone,
    suspended: suspend,
    ...(status?.lastScheduleTime === undefined ? {} : { lastScheduleTime: status.lastScheduleTime }),
    ...(status?.nextScheduleTime === undefined ? {} : { nextScheduleTime: status.nextScheduleTime }),
    ...(status?.lastVerdict === undefined ? {} : { lastVerdict: status.lastVerdict }),
  };
}
