import { Counter, Gauge, Registry } from 'prom-client';
import type { AgentView } from '../agent/index.ts';
import type { Metrics, ProcessUsage, RenewalResult } from './metrics.ts';
import { defineBuildInfo, defineUsage } from './metrics.ts';
import { activeTargets, type RenewalCounts, renewalsBetween } from './task-facts.ts';

export type AgentMetrics = Pick<Metrics, 'text' | 'contentType'> & {
  /** Where levels are read from at each scrape, and what is counted from now on; until then everything is 0. */
  readFrom(view: AgentView): void;
};

const results: readonly RenewalResult[] = ['done', 'late', 'failed'];

/**
 * What one node's agent says of itself. The names are its own, since the operator tells the same of all nodes together: added up,
 * each would count twice. docs/metrics.md lists them, and a test compares the two.
 */
export function createAgentMetrics(version: string, usage: () => Omit<ProcessUsage, 'process'> | undefined): AgentMetrics {
  const registry = new Registry();
  const registers = [registry];
  let view: AgentView | undefined;
  const level = (name: string, help: string, value: (given: AgentView) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(view === undefined ? 0 : value(view));
      },
    });
  };
  level('squall_agent_active_faults', 'Targets of this node whose fault is active.', ({ tasks }) =>
    tasks.list().reduce((sum, task) => sum + activeTargets(task), 0),
  );
  level('squall_agent_residue', 'Things that no run owns still in kernels of this node; to be 0.', ({ residue }) => residue());
  level(
    'squall_agent_server_away_seconds',
    'How long the API server has not answered; 0 while it does.',
    ({ serverAwayMs }) => (serverAwayMs() ?? 0) / 1000,
  );
  const renewals = new Counter({
    name: 'squall_agent_lease_renewals_total',
    help: "Renewals of faults' leases in the kernel of this node.",
    labelNames: ['result'],
    registers,
  });
  const watches = new Counter({
    name: 'squall_agent_watch_failures_total',
    help: "Lists and watches of this node's work that failed and are tried again, by resource and error code; Expired is ordinary.",
    labelNames: ['resource', 'code'],
    registers,
  });
  const count = (counts: RenewalCounts): void => {
    for (const result of results) renewals.inc({ result }, counts[result]);
  };
  count({ done: 0, late: 0, failed: 0 });
  defineBuildInfo(registers, version);
  defineUsage(registers, () => {
    const used = usage();
    return used === undefined ? [] : [{ process: 'agent', ...used }];
  });
  return {
    text: () => registry.metrics(),
    contentType: registry.contentType,
    readFrom: (given) => {
      view = given;
      given.onWatchTrouble(({ code }, _retryInMs, resource) => {
        watches.inc({ resource, code });
      });
      given.tasks.onChange((_key, change) => {
        if (change.type !== 'modified' || change.object.spec.work !== 'fault') return;
        for (const target of change.object.status?.targets ?? []) {
          const before = change.before.status?.targets.find(({ podUid }) => podUid === target.podUid);
          count(renewalsBetween(before, target));
        }
      });
    },
  };
}
