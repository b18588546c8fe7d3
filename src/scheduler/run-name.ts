/** Deterministic: whoever creates the run of a tick a second time meets the first. */
export function runName(schedule: string, tick: number): string {
  return `${schedule}-${String(Math.floor(tick / 1000))}`;
}

/** The tick of a run by its name; undefined when it is not a run of that schedule. */
export function tickOfRun(schedule: string, name: string): number | undefined {
  if (!name.startsWith(`${schedule}-`)) return undefined;
  const seconds = name.slice(schedule.length + 1);
  return /^\d+$/.test(seconds) ? Number(seconds) * 1000 : undefined;
}
