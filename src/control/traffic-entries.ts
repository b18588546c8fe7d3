import type { JournalEntry, ObjectMeta, MonitorStatus } from '../api/index.ts';

type SeenMonitor = { metadata: Pick<ObjectMeta, 'namespace' | 'name'>; status?: Pick<MonitorStatus, 'traffic'> };

/** What monitors saw of a run, for its journal: one entry for each that saw any. @param run its uid */
export function entriesOfTraffic(run: string, monitors: readonly SeenMonitor[]): JournalEntry[] {
  return monitors
    .toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1))
    .flatMap((monitor): JournalEntry[] => {
      const seen = monitor.status?.traffic.find((one) => one.run === run);
      if (seen === undefined || seen.traffic.phases.length === 0) return [];
      return [{ type: 'traffic', monitor: nameOf(monitor), traffic: seen.traffic }];
    });
}

function nameOf({ metadata: { namespace = 'default', name } }: SeenMonitor): string {
  return `${namespace}/${name}`;
}
