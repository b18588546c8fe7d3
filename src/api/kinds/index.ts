/** The table of all kinds: ours with their schemas, and the few of Kubernetes that Squall reads. */
import { coreKinds } from './core.ts';
import type { KindFacts } from './definition.ts';
import { networkConnectivityTest } from './network-connectivity-test.ts';
import { networkDelayTest } from './network-delay-test.ts';
import { networkExperiment } from './network-experiment.ts';
import { networkExperimentSchedule } from './network-experiment-schedule.ts';
import { networkGameDay } from './network-game-day.ts';
import { networkHalt } from './network-halt.ts';
import { networkModulesValidator } from './network-modules-validator.ts';
import { networkMonitor } from './network-monitor.ts';
import { networkNotification } from './network-notification.ts';
import { networkPerformanceTest } from './network-performance-test.ts';
import { networkTrafficShaper } from './network-traffic-shaper.ts';
import { nodeTask } from './node-task.ts';

export const kinds = {
  NetworkTrafficShaper: networkTrafficShaper,
  NetworkConnectivityTest: networkConnectivityTest,
  NetworkPerformanceTest: networkPerformanceTest,
  NetworkDelayTest: networkDelayTest,
  NetworkMonitor: networkMonitor,
  NetworkNotification: networkNotification,
  NetworkModulesValidator: networkModulesValidator,
  NetworkExperiment: networkExperiment,
  NetworkExperimentSchedule: networkExperimentSchedule,
  NetworkGameDay: networkGameDay,
  NetworkHalt: networkHalt,
  NodeTask: nodeTask,
} as const;

export type Kind = keyof typeof kinds;
/** Kind → its internal model. */
export type Models = { [Name in Kind]: ReturnType<(typeof kinds)[Name]['toModel']> };

export function isKind(name: string): name is Kind {
  return Object.hasOwn(kinds, name);
}

/** Every kind that a server must serve, ours and Kubernetes' own. */
export const servedKinds: readonly KindFacts[] = [...Object.values(kinds), ...Object.values(coreKinds)].map(
  ({ apiVersion, kind, plural, singular, shortName, namespaced, status }: KindFacts) => ({
    apiVersion,
    kind,
    plural,
    singular,
    shortName,
    namespaced,
    status,
  }),
);
