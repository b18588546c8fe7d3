/** What a schedule decides about its ticks, as its status, the tick log and the metrics show it. Instants are RFC 3339 UTC. */
import type { Condition } from './metadata.ts';
import type { Verdict } from './report.ts';

export const tickOutcomes = ['Started', 'Skipped', 'Missed'] as const;
export type TickOutcome = (typeof tickOutcomes)[number];

/**
 * By outcome. Started: OnTime; MadeUp, later than its time. Skipped: ConcurrencyForbidden; Halted; Suspended; Refused, the run could
 * not be created. Missed: DeadlineExceeded; Superseded by a later tick; TooManyMissed, one record for all older ones.
 */
export const tickReasons = {
  Started: ['OnTime', 'MadeUp'],
  Skipped: ['ConcurrencyForbidden', 'Halted', 'Suspended', 'Refused'],
  Missed: ['DeadlineExceeded', 'Superseded', 'TooManyMissed'],
} as const satisfies Record<TickOutcome, readonly string[]>;
export type TickReason = (typeof tickReasons)[TickOutcome][number];

/** The one final outcome of a tick. */
export type TickRecord = {
  /** When it was decided. */
  time: string;
  schedule: { namespace: string; name: string; uid: string };
  /** The instant that the expression names; of several ticks in one record, the oldest. */
  tick: string;
  outcome: TickOutcome;
  reason: TickReason;
  /** Name of the run, when there is one. */
  run?: string;
  message?: string;
  /** Ticks that this record stands for; absent is one. They are counted up to 100: then there were at least so many. */
  count?: number;
};

/** Ticks in a schedule's status, newest last. */
export const longestRecentTicks = 20;

/** The status of a NetworkExperimentSchedule. Its one writer is the schedule reconciler. */
export type ScheduleStatus = {
  observedGeneration: number;
  /** The expression and zone that ticks were last decided by: another one counts from its first reading on. */
  timing: { schedule: string; timeZone: string };
  /** Every tick up to here has its outcome; it never goes back. */
  decidedUntil: string;
  lastScheduleTime?: string;
  lastSuccessfulTime?: string;
  /** Absent while suspended, and when no tick is to come. */
  nextScheduleTime?: string;
  active: { name: string; uid: string }[];
  /** Of the newest run that is over. */
  lastVerdict?: Verdict;
  recentTicks: Omit<TickRecord, 'schedule'>[];
  conditions: Condition[];
};

/** On every run of a schedule: the schedule's name. */
export const scheduleLabel = 'squall.networkmachinery.io/schedule';
/** On every run of a schedule: the tick, RFC 3339. */
export const scheduledAtAnnotation = 'squall.networkmachinery.io/scheduled-at';
