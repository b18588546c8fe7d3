/** What the schema of a schedule cannot say: whether its expression can be read, and what clock changes do to its ticks. */
import { type Manifest, problemAt, type Problem } from '../api/index.ts';
import { clockChangesMet, readTimetable } from '../scheduler/index.ts';

const yearMs = 366 * 86_400_000;
const path = ['spec', 'schedule'];

/** `refused` are the manifests that the errors are of. */
type ScheduleChecks = { errors: Problem[]; warnings: Problem[]; refused: Manifest[] };

/** @param now milliseconds since 1970; clock changes of the year from then on are warned of */
export function checkSchedules(manifests: readonly Manifest[], now: number): ScheduleChecks {
  const errors: Problem[] = [];
  const warnings: Problem[] = [];
  const refused: Manifest[] = [];
  for (const manifest of manifests) {
    if (manifest.kind !== 'NetworkExperimentSchedule') continue;
    const seed = hashSeed(manifest);
    const read = readTimetable(manifest.model, seed);
    if (!read.ok) {
      errors.push(problemAt(manifest, path, read.message));
      refused.push(manifest);
    }
    for (const { kind, at, ticksAt } of clockChangesMet(manifest.model, seed, now, now + yearMs)) {
      const what = kind === 'left-out' ? 'does not exist' : 'exists twice';
      const when = kind === 'left-out' ? 'at the end of the gap' : 'the first time';
      const zone = manifest.model.timeZone;
      const message = `the clock of ${zone} changes at ${instant(at)}, and a local time of this schedule ${what} then; it runs once, ${when}, at ${instant(ticksAt)}`;
      warnings.push(problemAt(manifest, path, message));
    }
  }
  return { errors, warnings, refused };
}

/** What `H` is drawn from: known before the schedule is stored, and the same as the control process takes. */
export function hashSeed({ object: { metadata } }: Manifest): string {
  return `${metadata.namespace ?? 'default'}/${metadata.name}`;
}

/** Ticks have whole seconds. */
function instant(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('.000Z', 'Z');
}
