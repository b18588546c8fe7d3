import {
  type Condition,
  type ExperimentSchedule,
  type KubeObject,
  longestRecentTicks,
  type ScheduleStatus,
  type TickRecord,
  type Verdict,
} from '../api/index.ts';
import { formatInstant } from '../lib/index.ts';
import type { Timetable } from '../scheduler/index.ts';
import { condition, type ConditionFact } from './conditions.ts';

export type ScheduleObject = KubeObject<unknown, ScheduleStatus>;

export type ScheduledRun = {
  name: string;
  uid: string;
  /** Milliseconds since 1970, as the next two. */
  tick: number;
  createdAt: number;
  endedAt?: number;
  /** Absent until it is over. */
  verdict?: Verdict;
  isOver: boolean;
  abortAsked: boolean;
};

export type StatusFacts = {
  schedule: ExperimentSchedule;
  generation: number;
  timetable: Timetable;
  decidedUntil: number;
  /** Decided just now, oldest first. */
  records: readonly TickRecord[];
  runs: readonly ScheduledRun[];
  before: ScheduleStatus | undefined;
  now: number;
};

export function scheduleStatusOf(facts: StatusFacts): ScheduleStatus {
  const { schedule, generation, timetable, decidedUntil, records, runs, before, now } = facts;
  const next = schedule.suspend ? undefined : timetable.next(Math.max(now, decidedUntil));
  const lastScheduled = records.findLast(({ outcome }) => outcome === 'Started')?.tick ?? before?.lastScheduleTime;
  const over = runs.filter(({ isOver }) => isOver).sort((a, b) => a.tick - b.tick);
  const lastVerdict = over.at(-1)?.verdict ?? before?.lastVerdict;
  const lastSuccessful = latestOf(before?.lastSuccessfulTime, over);
  return {
    observedGeneration: generation,
    timing: { schedule: schedule.schedule, timeZone: schedule.timeZone },
    decidedUntil: formatInstant(decidedUntil),
    ...(lastScheduled === undefined ? {} : { lastScheduleTime: lastScheduled }),
    ...(lastSuccessful === undefined ? {} : { lastSuccessfulTime: lastSuccessful }),
    ...(next === undefined ? {} : { nextScheduleTime: formatInstant(next) }),
    active: runs.filter(({ isOver }) => !isOver).map(({ name, uid }) => ({ name, uid })),
    ...(lastVerdict === undefined ? {} : { lastVerdict }),
    recentTicks: [...(before?.recentTicks ?? []), ...records.map(withoutSchedule)].slice(-longestRecentTicks),
    conditions: conditionsOf(facts),
  };
}

/** The status of a schedule whose expression or template can no longer be read: nothing of it ticks. */
export function unreadableStatus(before: ScheduleStatus, generation: number, message: string, now: number): ScheduleStatus {
  const { nextScheduleTime: _none, ...kept } = before;
  const fact = { type: 'Scheduled', status: 'False', reason: 'InvalidInput', message } as const;
  return { ...kept, observedGeneration: generation, conditions: [condition(fact, before.conditions, generation, now)] };
}

/** Runs that are over are trimmed one day: what they said stays. */
function latestOf(before: string | undefined, over: readonly ScheduledRun[]): string | undefined {
  const ends = over.flatMap(({ verdict, endedAt }) => (verdict === 'Passed' && endedAt !== undefined ? [endedAt] : []));
  const all = before === undefined ? ends : [Date.parse(before), ...ends];
  return all.length === 0 ? undefined : formatInstant(Math.max(...all));
}

function withoutSchedule({ schedule: _schedule, ...record }: TickRecord): Omit<TickRecord, 'schedule'> {
  return record;
}

function conditionsOf({ schedule, generation, decidedUntil, before, now }: StatusFacts): Condition[] {
  const { suspend } = schedule;
  // A clock that went back runs no tick twice, so nothing ticks until it has caught up.
  const behind = decidedUntil > now + 1000;
  const message = behind ? `ticks up to ${formatInstant(decidedUntil)} were decided; the clock was set back` : '';
  const scheduled: ConditionFact = suspend
    ? { type: 'Scheduled', status: 'False', reason: 'Suspended', message: '' }
    : behind
      ? { type: 'Scheduled', status: 'False', reason: 'ClockWentBack', message }
      : { type: 'Scheduled', status: 'True', reason: 'Waiting', message: '' };
  const suspended: ConditionFact = suspend
    ? { type: 'Suspended', status: 'True', reason: 'SuspendedBySpec', message: '' }
    : { type: 'Suspended', status: 'False', reason: 'NotSuspended', message: '' };
  return [scheduled, suspended].map((fact) => condition(fact, before?.conditions ?? [], generation, now));
}
