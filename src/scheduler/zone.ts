/**
 * A time zone as two mappings between instants (milliseconds since 1970) and wall clocks (the milliseconds since 1970 at which UTC's
 * clock shows the same). Both are exact to the second.
 */
export type Zone = {
  name: string;
  wallAt(instant: number): number;
  /**
   * The instant of a wall clock. One that exists twice is the first time; one that does not exist is the end of the gap, so the
   * mapping never falls.
   */
  instantOf(wall: number): number;
  /** When the same wall clock was shown before, the wall clock at which that hour began to be shown again, and ended. */
  repeatAt(instant: number): { lastFirstShown: number; end: number } | undefined;
  /** When the offset from UTC changes within a time, and by how much. */
  changesBetween(from: number, to: number): { at: number; wallBefore: number; wallAfter: number }[];
};

const secondMs = 1000;
/** Further from UTC than any zone, and at most one change of a zone's offset lies within twice that. */
const dayMs = 86_400_000;

export function zoneOf(name: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    calendar: 'iso8601',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });

  function wallAt(instant: number): number {
    const parts: Partial<Record<string, number>> = {};
    for (const { type, value } of format.formatToParts(instant)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second);
  }

  function offsetAt(instant: number): number {
    return wallAt(instant) - Math.floor(instant / secondMs) * secondMs;
  }

  /** The first instant with the offset that holds at `to`, when it is not the one at `from`. */
  function changeBetween(from: number, to: number): number {
    const before = offsetAt(from);
    let [earlier, later] = [Math.floor(from / secondMs), Math.ceil(to / secondMs)];
    while (later - earlier > 1) {
      const middle = Math.floor((earlier + later) / 2);
      if (offsetAt(middle * secondMs) === before) earlier = middle;
      else later = middle;
    }
    return later * secondMs;
  }

  function instantOf(wall: number): number {
    const candidates = [wall - offsetAt(wall - dayMs), wall - offsetAt(wall + dayMs)];
    const shown = candidates.filter((instant) => wallAt(instant) === wall);
    if (shown.length > 0) return Math.min(...shown);
    return changeBetween(Math.min(...candidates), Math.max(...candidates));
  }

  return {
    name,
    wallAt,
    instantOf,
    repeatAt: (instant) => {
      const now = Math.floor(instant / secondMs) * secondMs;
      const first = instantOf(wallAt(now));
      if (first === now) return undefined;
      const change = changeBetween(first, now);
      return { lastFirstShown: wallAt(change - secondMs), end: wallAt(change + (now - first)) };
    },
    changesBetween: (from, to) => {
      const changes: { at: number; wallBefore: number; wallAfter: number }[] = [];
      for (let day = from; day < to; day += dayMs) {
        const end = Math.min(day + dayMs, to);
        if (offsetAt(day) === offsetAt(end)) continue;
        const at = changeBetween(day, end);
        changes.push({ at, wallBefore: wallAt(at - secondMs) + secondMs, wallAfter: wallAt(at) });
      }
      return changes;
    },
  };
}
