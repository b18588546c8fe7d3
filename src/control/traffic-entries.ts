import type { JournalEntry, MonitorStatus } from '../api/index.ts';

/** What monitors saw of a run, for its journal: one entry for each that saw any. @param run its uid */
export function entriesOfTraffic(
  run: string,
  monitors: readonly { namespace: string; name: string; status?: Pick<MonitorStatus, 'traffic'> }[],
): JournalEntry[] {
  return monitors
    .toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1))
    .flatMap((monitor): JournalEntry[] => {
      const seen = monitor.status?.traffic.find((one) => one.run === run);
      if (seen === undefined || seen.traffic.phases.length === 0) return [];
      return [{ type: 'traffic', monitor: nameOf(monitor), traffic: seen.traffic }];
    });
}

function nameOf({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`;
}
