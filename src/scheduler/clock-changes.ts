import { readExpression } from './expression.ts';
import type { Timing } from './timetable.ts';
import { zoneOf } from './zone.ts';

/** Ticks whose local time a change of the clock leaves out or shows twice. Instants in milliseconds since 1970. */
export type ClockChange = { kind: 'left-out' | 'twice'; at: number; ticksAt: number };

const secondMs = 1000;

/** The changes within a time that a schedule's ticks fall into; none for an expression that cannot be read. */
export function clockChangesMet({ schedule, timeZone }: Timing, seed: string, from: number, to: number): ClockChange[] {
  const read = readExpression(schedule, seed);
  if (!read.ok) return [];
  const zone = zoneOf(timeZone);
  return zone.changesBetween(from, to).flatMap(({ at, wallBefore, wallAfter }): ClockChange[] => {
    const [begin, end] = [Math.min(wallBefore, wallAfter), Math.max(wallBefore, wallAfter)];
    const wall = read.expression.after(begin - secondMs);
    if (wall === undefined || wall >= end) return [];
    return [{ kind: wallAfter > wallBefore ? 'left-out' : 'twice', at, ticksAt: zone.instantOf(wall) }];
  });
}
