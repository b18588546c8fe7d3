import { Counter, Registry } from 'prom-client';
import { defineCollectorMetrics, type ReadCollector } from './collector-metrics.ts';
import { defineBuildInfo, defineUsage, type Metrics, type ProcessUsage } from './metrics.ts';

/** What the observer of a cluster tells of itself and of its collector. */
export type ObserverMetrics = Pick<Metrics, 'text' | 'contentType' | 'watchFailed' | 'reconcileFailed'>;

/** Names are its own, as an agent's are: added to the operator's, each would count something else. docs/metrics.md lists them. */
export function createObserverMetrics(
  version: string,
  usage: () => Omit<ProcessUsage, 'process'> | undefined,
  collector: ReadCollector,
): ObserverMetrics {
  const registry = new Registry();
  const registers = [registry];
  const failures = new Counter({
    name: 'squall_observer_reconcile_errors_total',
    help: 'Looks at monitors that failed and are tried again, by error code; Conflict is ordinary.',
    labelNames: ['code'],
    registers,
  });
  const watches = new Counter({
    name: 'squall_observer_watch_failures_total',
    help: 'Lists and watches of monitors and runs that failed and are tried again, by resource and error code; Expired is ordinary.',
    labelNames: ['resource', 'code'],
    registers,
  });
  defineBuildInfo(registers, version);
  defineUsage(registers, () => {
    const used = usage();
    return used === undefined ? [] : [{ process: 'observer', ...used }];
  });
  defineCollectorMetrics(registers, collector);
  return {
    text: () => registry.metrics(),
    contentType: registry.contentType,
    reconcileFailed: (code) => {
      failures.inc({ code });
    },
    watchFailed: (resource, code) => {
      watches.inc({ resource, code });
    },
  };
}
