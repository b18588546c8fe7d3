import type { Timetable } from './timetable.ts';

/** More are not counted: a million missed ticks cost as much as a hundred. */
export const mostMissed = 100;

export type DueTicks = {
  newest: number;
  /** Before the newest, oldest first; with `tooMany`, only the oldest hundred. */
  older: number[];
  tooMany: boolean;
};

/** The ticks after one instant and not after another; undefined when there is none. */
export function dueTicks(timetable: Timetable, after: number, notAfter: number): DueTicks | undefined {
  const newest = timetable.latest(notAfter);
  if (newest === undefined || newest <= after) return undefined;
  const older: number[] = [];
  let tick = timetable.next(after);
  while (tick !== undefined && tick < newest) {
    if (older.length === mostMissed) return { newest, older, tooMany: true };
    older.push(tick);
    tick = timetable.next(tick);
  }
  return { newest, older, tooMany: false };
}
