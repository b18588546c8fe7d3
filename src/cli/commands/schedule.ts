/** `squall schedule next`: when the schedules of a file will tick. Nothing is created and nothing is touched. */
import { Command } from 'commander';
import { formatProblem, type Manifest } from '../../api/index.ts';
import { SquallError, systemClock } from '../../lib/index.ts';
import { readTimetable } from '../../scheduler/index.ts';
import { readCheckedManifests } from '../read-manifests.ts';
import { hashSeed } from '../schedule-checks.ts';

type NextOptions = { number: string; from?: string };
type Schedule = Manifest & { kind: 'NetworkExperimentSchedule' };

const mostTicks = 10_000;

export function scheduleCommand(): Command {
  const next = new Command('next')
    .description('print the next ticks, one RFC 3339 instant in UTC a line')
    .argument('<file>', 'a file with NetworkExperimentSchedules; - is standard input')
    .option('-n, --number <count>', 'ticks of each schedule', '10')
    .option('--from <instant>', 'the first tick is after this RFC 3339 instant; default now')
    .action(async (file: string, options: NextOptions) => {
      process.exitCode = await printNext(file, options);
    });
  return new Command('schedule').description('show when schedules run').addCommand(next);
}

async function printNext(file: string, options: NextOptions): Promise<number> {
  const count = readCount(options.number);
  const from = options.from === undefined ? systemClock.now() : readInstant(options.from);
  const { manifests, errors } = await readCheckedManifests([file], from);
  const schedules = manifests.filter((manifest): manifest is Schedule => manifest.kind === 'NetworkExperimentSchedule');
  for (const problem of errors) process.stderr.write(`${formatProblem(problem)}\n`);
  if (errors.length > 0) return 2;
  if (schedules.length === 0) throw new SquallError('InvalidInput', `${file}: expected a NetworkExperimentSchedule in it`);
  for (const schedule of schedules) {
    if (schedules.length > 1) process.stderr.write(`${hashSeed(schedule)}\n`);
    process.stdout.write(
      nextTicks(schedule, from, count)
        .map((tick) => `${tick}\n`)
        .join(''),
    );
  }
  return 0;
}

/** Fewer than `count` only where an expression names no more. */
function nextTicks(schedule: Schedule, from: number, count: number): string[] {
  const read = readTimetable(schedule.model, hashSeed(schedule));
  if (!read.ok) throw new SquallError('InvalidInput', read.message);
  const ticks: string[] = [];
  let tick = read.timetable.next(from);
  while (tick !== undefined && ticks.length < count) {
    ticks.push(new Date(tick).toISOString().replace('.000Z', 'Z'));
    tick = read.timetable.next(tick);
  }
  return ticks;
}

function readCount(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= mostTicks) return count;
  throw new SquallError('InvalidInput', `-n: expected a whole number from 1 to ${String(mostTicks)}, found '${text}'`);
}

function readInstant(text: string): number {
  const isRfc3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text);
  const instant = isRfc3339 ? Date.parse(text) : NaN;
  if (!Number.isNaN(instant)) return instant;
  throw new SquallError('InvalidInput', `--from: expected an RFC 3339 instant such as 2026-03-29T00:00:00Z, found '${text}'`);
}
