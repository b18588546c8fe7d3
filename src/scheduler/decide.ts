/** What becomes of the ticks that are due. Pure: the same history and the same instant give the same decision. */
import type { ExperimentSchedule, TickOutcome, TickReason } from '../api/index.ts';
import { dueTicks, type DueTicks } from './due-ticks.ts';
import type { Timetable } from './timetable.ts';

export type Policy = Pick<ExperimentSchedule, 'concurrencyPolicy' | 'startingDeadlineMs' | 'suspend'> & {
  /** Who halts everything and why; absent while nobody does. */
  halted?: string;
};

/** Instants in milliseconds since 1970. */
export type History = {
  /** Every tick up to here has its outcome. */
  decidedUntil: number;
  /** The schedule was suspended when it was last looked at. */
  wasSuspended: boolean;
  /** The ticks whose run is in the store, over or not, and when that was created. */
  started: readonly { tick: number; at: number }[];
  /** Of those, the ticks whose run is not over. */
  active: readonly number[];
};

export type TickDecision = { tick: number; outcome: TickOutcome; reason: TickReason; message?: string; count?: number };

export type Decision = {
  /** Oldest first. A Started tick's run is to be created, unless it is there already. */
  ticks: TickDecision[];
  decidedUntil: number;
  /** The newest tick waits for the active runs, which are to be aborted. */
  replace: boolean;
};

/** A start within that time is OnTime: the heartbeat is one second, and a busy machine is late. */
const onTimeMs = 10_000;

export function decide(timetable: Timetable, policy: Policy, history: History, now: number): Decision {
  const due = dueTicks(timetable, history.decidedUntil, now);
  if (!due) return { ticks: [], decidedUntil: history.decidedUntil, replace: false };
  const { newest } = due;
  // Their status was not written any more when they were created.
  const started = history.started.filter(({ tick }) => tick > history.decidedUntil && tick <= newest);
  const startedTicks = new Set(started.map(({ tick }) => tick));
  const newestDecision = startedTicks.has(newest) ? undefined : decideNewest(newest, policy, history, now);
  const older = decideOlder(due, startedTicks, policy, history, now);
  const begun = started.map(({ tick, at }): TickDecision => ({ tick, ...startedAt(tick, at) }));
  const ticks = [...older, ...begun, ...(newestDecision === undefined || newestDecision === 'wait' ? [] : [newestDecision])];
  return {
    ticks: ticks.sort((a, b) => a.tick - b.tick),
    // A tick that waits stays due, and everything before it does not.
    decidedUntil: newestDecision === 'wait' ? newest - 1 : newest,
    replace: newestDecision === 'wait',
  };
}

function decideNewest(tick: number, policy: Policy, { wasSuspended, active }: History, now: number): TickDecision | 'wait' {
  if (policy.suspend || wasSuspended) return { tick, outcome: 'Skipped', reason: 'Suspended' };
  if (policy.halted !== undefined) return { tick, outcome: 'Skipped', reason: 'Halted', message: policy.halted };
  if (isTooLate(tick, policy, now)) return { tick, outcome: 'Missed', reason: 'DeadlineExceeded' };
  if (active.length > 0 && policy.concurrencyPolicy === 'Replace') return 'wait';
  if (active.length > 0 && policy.concurrencyPolicy === 'Forbid')
    return { tick, outcome: 'Skipped', reason: 'ConcurrencyForbidden', message: 'an earlier run was not over' };
  return { tick, ...startedAt(tick, now) };
}

/** Only the newest tick is made up for. */
function decideOlder(
  due: DueTicks,
  started: ReadonlySet<number>,
  policy: Policy,
  { wasSuspended }: History,
  now: number,
): TickDecision[] {
  const suspended = policy.suspend || wasSuspended;
  if (due.tooMany) {
    const [tick, count] = [due.older[0] ?? due.newest, due.older.length];
    const message = `at least ${String(count)} ticks in a row`;
    return suspended
      ? [{ tick, outcome: 'Skipped', reason: 'Suspended', count, message }]
      : [{ tick, outcome: 'Missed', reason: 'TooManyMissed', count, message }];
  }
  return due.older
    .filter((tick) => !started.has(tick))
    .map((tick): TickDecision => {
      if (suspended) return { tick, outcome: 'Skipped', reason: 'Suspended' };
      return { tick, outcome: 'Missed', reason: isTooLate(tick, policy, now) ? 'DeadlineExceeded' : 'Superseded' };
    });
}

function isTooLate(tick: number, { startingDeadlineMs }: Policy, now: number): boolean {
  return startingDeadlineMs !== undefined && now - tick > startingDeadlineMs;
}

function startedAt(tick: number, at: number): { outcome: 'Started'; reason: 'OnTime' | 'MadeUp' } {
  return { outcome: 'Started', reason: at - tick <= onTimeMs ? 'OnTime' : 'MadeUp' };
}
