/**
 * When a schedule ticks, in milliseconds since 1970. A local time that does not exist ticks once, at the end of the gap; one that
 * exists twice ticks once, the first time. Each answer takes one step of the expression, however far apart the instants are.
 */
import { readExpression } from './expression.ts';
import { zoneOf } from './zone.ts';

export type Timetable = {
  /** The first tick after the instant. */
  next: (after: number) => number | undefined;
  /** The last tick at or before the instant. */
  latest: (notAfter: number) => number | undefined;
};

export type TimetableResult = { ok: true; timetable: Timetable } | { ok: false; message: string };

export type Timing = { schedule: string; timeZone: string };

const secondMs = 1000;

/** @param seed what `H` is drawn from, namespace/name of the schedule */
export function readTimetable({ schedule, timeZone }: Timing, seed: string): TimetableResult {
  const read = readExpression(schedule, seed);
  if (!read.ok) return read;
  const { expression } = read;
  const zone = zoneOf(timeZone);
  const instantOf = (wall: number | undefined): number | undefined => (wall === undefined ? undefined : zone.instantOf(wall));
  return {
    ok: true,
    timetable: {
      next: (after) => {
        // What is shown a second time has ticked the first time.
        const repeat = zone.repeatAt(after);
        return instantOf(expression.after(repeat ? repeat.end - secondMs : zone.wallAt(after)));
      },
      latest: (notAfter) => {
        const repeat = zone.repeatAt(notAfter);
        return instantOf(expression.atOrBefore(repeat ? repeat.lastFirstShown : zone.wallAt(notAfter)));
      },
    },
  };
}
