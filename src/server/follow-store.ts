import { nodeLabel, type NodeTask, shortNodeName, systemNamespace, type TargetStatus } from '../api/index.ts';
import {
  createNodeTaskCache,
  type ExperimentObject,
  experiments,
  leases,
  type ScheduleObject,
  schedules,
  type ValidatorObject,
  validators,
} from '../control/index.ts';
import type { Clock } from '../lib/index.ts';
import { type Cache, type Change, createCache, type Store, type WatchTrouble } from '../store/index.ts';
import { activePhases } from './known-labels.ts';
import { residueByNode, residueOf } from './residue.ts';
import { activeTargets, renewalsBetween } from './task-facts.ts';
import type { Levels, Metrics, ScheduleFacts, ValidatorCheckFacts } from './metrics.ts';

export type StoreView = {
  levels: () => Levels;
  /** Whether everything that was there at the start has been read. */
  synced: () => boolean;
  /** Counts what changes from now on. */
  countInto: (metrics: Metrics) => Promise<void>;
  /** What a node's agent last said of itself; undefined when it never did since this began. */
  agentOf: (node: string) => { heartbeatAgeMs: number; residue: number } | undefined;
};

/** Watches runs, tasks, schedules, validators and the agents' Leases until the signal fires; what metrics and readiness show is read from here. */
export function followStore(
  store: Store,
  clock: Clock,
  random: () => number,
  signal: AbortSignal,
  trouble?: WatchTrouble,
): StoreView {
  const startedAt = clock.now();
  const runs = createCache(store, experiments, { trouble }, clock, random, signal);
  const tasks = createNodeTaskCache(store, clock, random, signal, trouble);
  const schedulesCache = createCache<ScheduleObject>(store, schedules, { trouble }, clock, random, signal);
  const validatorCache = createCache(store, validators, { trouble }, clock, random, signal);
  const ofAgents = { namespace: systemNamespace, labelSelector: nodeLabel, trouble };
  const agents = createCache(store, leases, ofAgents, clock, random, signal);
  const all = Promise.all([runs.synced, tasks.synced, schedulesCache.synced, validatorCache.synced, agents.synced]);
  let synced = false;
  const whenSynced = all.then(() => {
    synced = true;
  });
  // Cut off by the signal, nobody asks any more.
  whenSynced.catch(() => undefined);

  return {
    levels: () => ({
      runsByPhase: countPhases(runs.list()),
      activeFaultsByNode: sumByNode(tasks.list(), activeTargets),
      residueByNode: residueByNode(tasks.list(), agents.list()),
      schedules: schedulesCache.list().map(scheduleFacts),
      checks: validatorCache.list().flatMap(checkFacts),
    }),
    synced: () => synced,
    countInto: async (metrics) => {
      await whenSynced;
      for (const run of runs.list()) if (endedAfter(run, startedAt)) countEnd(run, metrics);
      for (const schedule of schedulesCache.list()) metrics.scheduleAdded(scheduleFacts(schedule));
      runs.onChange((_key, change) => {
        if (isNewlyEnded(change, startedAt)) countEnd(change.object, metrics);
      });
      tasks.onChange((_key, change) => {
        if (change.type === 'modified') countTask(change.before, change.object, runs, metrics);
      });
      schedulesCache.onChange((_key, { type, object }) => {
        if (type === 'added') metrics.scheduleAdded(scheduleFacts(object));
        if (type === 'deleted') metrics.scheduleDeleted(scheduleFacts(object));
      });
    },
    agentOf: (node) => {
      const lease = agents.list().find(({ metadata }) => metadata.labels?.[nodeLabel] === shortNodeName(node));
      if (lease === undefined) return undefined;
      const heardAt = Date.parse(lease.spec.renewTime);
      return heardAt < startedAt ? undefined : { heartbeatAgeMs: clock.now() - heardAt, residue: residueOf(lease) };
    },
  };
}

function countPhases(runs: readonly ExperimentObject[]): Record<string, number> {
  const counts: Record<string, number> = Object.fromEntries(activePhases.map((phase) => [phase, 0]));
  for (const { status } of runs) {
    const phase = status?.phase ?? 'pending';
    if (phase !== 'done') counts[phase] = (counts[phase] ?? 0) + 1;
  }
  return counts;
}

function sumByNode(tasks: readonly NodeTask[], amountOf: (task: NodeTask) => number): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const task of tasks) sums[task.spec.node] = (sums[task.spec.node] ?? 0) + amountOf(task);
  return sums;
}

function scheduleFacts({ metadata, status }: ScheduleObject): ScheduleFacts {
  const instant = (text: string | undefined) => (text === undefined ? undefined : Date.parse(text));
  const nextAt = instant(status?.nextScheduleTime);
  const lastAt = instant(status?.lastScheduleTime);
  return {
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    ...(nextAt === undefined ? {} : { nextAt }),
    ...(lastAt === undefined ? {} : { lastAt }),
    ...(status?.lastVerdict === undefined ? {} : { lastVerdict: status.lastVerdict }),
  };
}

/** Two rules of one sysctl have one name: it is ok where both are. */
function checkFacts({ metadata: { name: validator }, status }: ValidatorObject): ValidatorCheckFacts[] {
  return (status?.nodes ?? []).flatMap(({ node, checks }) =>
    [...Map.groupBy(checks, ({ name }) => name)].map(([check, outcomes]) => {
      return { validator, node, check, ok: outcomes.every(({ ok }) => ok) };
    }),
  );
}

/** A run that is first seen when it is over counts when it ended in this life: the life before has counted its own. */
function isNewlyEnded(change: Change<ExperimentObject>, startedAt: number): boolean {
  if (change.type === 'deleted') return false;
  if (change.type === 'added') return endedAfter(change.object, startedAt);
  return change.object.status?.phase === 'done' && change.before.status?.phase !== 'done';
}

function endedAfter({ status }: ExperimentObject, startedAt: number): boolean {
  return status?.phase === 'done' && status.endedAt !== undefined && Date.parse(status.endedAt) >= startedAt;
}

function countEnd({ status }: ExperimentObject, metrics: Metrics): void {
  if (status?.verdict === undefined) return;
  metrics.runEnded(status.verdict, status.reason ?? 'Other');
  for (const { name, startedAt, endedAt } of status.run.phases) {
    const seconds = (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
    if (name === 'inject') metrics.injected(seconds);
    if (name === 'undo') metrics.undone(seconds);
  }
}

function countTask(before: NodeTask, after: NodeTask, runs: Cache<ExperimentObject>, metrics: Metrics): void {
  if (after.spec.work !== 'fault') return;
  const { namespace, name } = after.spec.run;
  const run = runs.get({ namespace, name })?.status?.run;
  for (const target of after.status?.targets ?? []) {
    const earlier = before.status?.targets.find(({ podUid }) => podUid === target.podUid);
    countRenewals(earlier, target, metrics);
    const cause = run?.ending?.kind === 'aborted' ? (run.ending.at ?? run.endingAt) : undefined;
    if (cause === undefined || target.cleanAt === undefined || earlier?.cleanAt !== undefined) continue;
    // A lease that ran out cleans before the abort is decided.
    metrics.abortReacted(Math.max(0, Date.parse(target.cleanAt) - cause) / 1000);
  }
}

function countRenewals(before: TargetStatus | undefined, after: TargetStatus, metrics: Metrics): void {
  const counts = renewalsBetween(before, after);
  for (const result of ['done', 'late', 'failed'] as const) {
    if (counts[result] > 0) metrics.leaseRenewed('kernel', result, counts[result]);
  }
}
