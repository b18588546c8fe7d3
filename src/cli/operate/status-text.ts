import { formatProblem } from '../../api/index.ts';
import { cleanLine, formatSpan } from '../../report/index.ts';
import { columns } from '../columns.ts';
import { monitorCells, monitorHeader, monitorLine, type MonitorRow } from './monitor-rows.ts';
import type { ExperimentRow, ScheduleRow, StatusView } from './status-view.ts';

/** @param now milliseconds since 1970 */
export function renderStatus({ halted, experiments, schedules, monitors, folder, residue }: StatusView, now: number): string {
  const lines = [
    ...(halted === undefined ? [] : [cleanLine(halted)]),
    ...section(
      'EXPERIMENTS',
      experimentHeader,
      experiments.map((row) => experimentCells(row, now)),
    ),
    ...section('SCHEDULES', scheduleHeader, schedules.map(scheduleCells)),
    ...(monitors.length === 0 ? [] : section('MONITORS', monitorHeader, monitors.map(cleanCells))),
    ...(folder === undefined || folder.count === 0
      ? []
      : [
          `FOLDER ${cleanLine(folder.folder)}: ${String(folder.count)} ${folder.count === 1 ? 'problem' : 'problems'}`,
          ...folder.problems.map((problem) => `  ${cleanLine(formatProblem(problem))}`),
        ]),
    `residue ${String(residue)}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** One line for each experiment, schedule, monitor and problem of the folder, without what changes by the clock alone. */
export function statusLines({ halted, experiments, schedules, monitors, folder, residue }: StatusView): string[] {
  return [
    ...(halted === undefined ? [] : [cleanLine(halted)]),
    ...experiments.map(({ namespace, name, phase, verdict, reason }) => {
      const ended = verdict === undefined ? '' : ` ${verdict} (${reason ?? ''})`;
      return `experiment ${namespace}/${name} ${phase}${ended}`;
    }),
    ...schedules.map(({ namespace, name, suspended, nextScheduleTime = '-', lastVerdict = '-' }) => {
      const next = suspended ? 'suspended' : `next ${nextScheduleTime}`;
      return `schedule ${namespace}/${name} ${next}, last verdict ${lastVerdict}`;
    }),
    ...monitors.map((monitor) => cleanLine(monitorLine(monitor))),
    ...(folder?.problems.map((problem) => `problem ${cleanLine(formatProblem(problem))}`) ?? []),
    `residue ${String(residue)}`,
  ];
}

function section(title: string, header: string[], rows: string[][]): string[] {
  return rows.length === 0 ? [`${title}: none`] : [title, ...columns([header, ...rows])];
}

/** What agents call themselves is in messages. */
function cleanCells(monitor: MonitorRow): string[] {
  return monitorCells(monitor).map(cleanLine);
}

const experimentHeader = ['NAME', 'PHASE', 'LEFT', 'TARGETS', 'VERDICT', 'REASON', 'AGE'];

function experimentCells(row: ExperimentRow, now: number): string[] {
  const { namespace, name, phase, timeLeftMs, targets, verdict = '-', reason = '-', createdAt } = row;
  return [
    `${namespace}/${name}`,
    phase,
    timeLeftMs === undefined ? '-' : formatSpan(timeLeftMs),
    String(targets),
    verdict,
    reason,
    createdAt === undefined ? '-' : formatSpan(Math.max(0, now - Date.parse(createdAt))),
  ];
}

const scheduleHeader = ['NAME', 'SCHEDULE', 'ZONE', 'SUSPENDED', 'LAST', 'NEXT', 'LAST VERDICT'];

function scheduleCells(row: ScheduleRow): string[] {
  const {
    namespace,
    name,
    schedule,
    timeZone,
    suspended,
    lastScheduleTime = '-',
    nextScheduleTime = '-',
    lastVerdict = '-',
  } = row;
  return [`${namespace}/${name}`, schedule, timeZone, suspended ? 'yes' : 'no', lastScheduleTime, nextScheduleTime, lastVerdict];
}
