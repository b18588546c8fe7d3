import type { ScheduleObject } from '../../control/index.ts';

const mostSchedules = 20;

/** What may start again once nothing is halted. */
export function describeResumed(schedules: readonly ScheduleObject[]): string {
  const next = schedules
    .flatMap(({ metadata: { namespace = 'default', name }, status }) =>
      status?.nextScheduleTime === undefined ? [] : [{ name: `${namespace}/${name}`, at: status.nextScheduleTime }],
    )
    .sort((one, other) => one.at.localeCompare(other.at));
  const lines = [
    'New runs may start; those that were aborted or refused stay so, and skipped ticks are not made up for.',
    ...next.slice(0, mostSchedules).map(({ name, at }) => `${name} runs next at ${at}`),
    ...(next.length > mostSchedules ? [`and ${String(next.length - mostSchedules)} more schedules`] : []),
  ];
  return `${lines.join('\n')}\n`;
}
