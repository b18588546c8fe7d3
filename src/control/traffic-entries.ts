import type { JournalEntry, ObjectMeta, MonitorStatus } from '../api/index.ts';
import { bounds } from './monitors/bounded.ts';

type SeenMonitor = {
  metadata: Pick<ObjectMeta, 'namespace' | 'name'>;
  status?: Pick<MonitorStatus, 'traffic'> & { armed: readonly Pick<MonitorStatus['armed'][number], 'run'>[] };
};

/** What monitors saw of a run, for its journal: one entry for each that saw any, or that had no room to show it. @param run its uid */
export function entriesOfTraffic(run: string, monitors: readonly SeenMonitor[]): JournalEntry[] {
  return monitors
    .toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1))
    .flatMap((monitor): JournalEntry[] => {
      const seen = monitor.status?.traffic.find((one) => one.run === run);
      if (seen === undefined && isLeftOut(run, monitor)) {
        const message = `what ${nameOf(monitor)} saw of this run's traffic is missing: a monitor shows that of ${bounds.trafficRuns} runs at a time`;
        return [{ type: 'warning', message }];
      }
      if (seen === undefined || seen.traffic.phases.length === 0) return [];
      return [{ type: 'traffic', monitor: nameOf(monitor), traffic: seen.traffic }];
    });
}

/** An observer that counts no traffic shows none at all. */
function isLeftOut(run: string, { status }: SeenMonitor): boolean {
  return status !== undefined && status.traffic.length >= bounds.trafficRuns && status.armed.some((one) => one.run === run);
}

function nameOf({ metadata: { namespace = 'default', name } }: SeenMonitor): string {
  return `${namespace}/${name}`;
}
