/** What `kubectl get` shows of each kind. */
import type { Kind } from '../kinds/index.ts';

export type Column = {
  name: string;
  type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  jsonPath: string;
  description?: string;
  /** Above 0: only with `-o wide`. */
  priority?: number;
};

const column = (name: string, jsonPath: string, type: Column['type'] = 'string', description?: string): Column => ({
  name,
  type,
  jsonPath,
  ...(description === undefined ? {} : { description }),
});
const wide = (one: Column): Column => ({ ...one, priority: 1 });

const age = column('Age', '.metadata.creationTimestamp', 'date');
const reason = wide(column('Reason', '.status.reason'));

export const columns: Record<Kind, Column[]> = {
  NetworkTrafficShaper: [
    column('Fault', '.spec.configuration.type'),
    column('Value', '.spec.configuration.value'),
    column('Direction', '.spec.direction'),
    column('Duration', '.spec.duration'),
    age,
  ],
  NetworkConnectivityTest: [
    column('Layer', '.spec.layer'),
    column('Source', '.spec.source.name'),
    column('Frequency', '.spec.frequency'),
    age,
  ],
  NetworkPerformanceTest: [column('Type', '.spec.type'), column('Duration', '.spec.duration'), age],
  NetworkDelayTest: [column('Protocol', '.spec.protocol'), column('Source', '.spec.source.name'), age],
  NetworkMonitor: [
    column('State', '.status.state', 'string', 'The worst of all thresholds; only quiet says that all is well.'),
    column('Agents', '.status.agentCount', 'integer'),
    column('Heartbeat', '.status.heartbeatAt', 'date', 'Over 3 seconds nothing is known of the network any more.'),
    wide(column('Observed by', '.status.observedBy', 'string', 'The built-in collector, or the address of an sFlow-RT.')),
    wide(column('Firing', '.status.thresholds[?(@.state=="firing")].name')),
    wide(column('Message', '.status.message')),
    age,
  ],
  NetworkNotification: [
    column('Monitor', '.spec.monitor'),
    column('Event', '.spec.networkEvent.event.name'),
    column('Threshold', '.spec.networkEvent.event.thresholdID'),
    column('Value', '.spec.networkEvent.event.value'),
    column('Flow', '.spec.networkEvent.event.flowKey'),
    column('Run', '.spec.run.name', 'string', 'That the event aborts.'),
    wide(column('Agent', '.spec.networkEvent.event.agent')),
    wide(column('Metric', '.spec.networkEvent.event.metric')),
    wide(column('Expires', '.spec.expiresAt', 'string', 'An instant: kubectl shows a date in the future as invalid.')),
    age,
  ],
  NetworkModulesValidator: [
    column('Valid', '.status.conditions[?(@.type=="Valid")].status'),
    column('Nodes', '.status.summary', 'string', 'How many nodes are Valid, of how many.'),
    column('Checked', '.status.checkedAt', 'date'),
    column('Period', '.spec.period'),
    wide(column('Enforce', '.spec.enforce', 'boolean')),
    wide(column('Message', '.status.conditions[?(@.type=="Valid")].message')),
    age,
  ],
  NetworkExperiment: [
    column('Fault', '.status.fault'),
    column('Targets', '.status.targetCount', 'integer'),
    column('Phase', '.status.phase'),
    column('Verdict', '.status.verdict'),
    column('Ends', '.status.endsAt', 'string', 'When the present phase ends if nothing cuts it off; kubectl cannot count down.'),
    reason,
    age,
  ],
  NetworkExperimentSchedule: [
    column('Schedule', '.spec.schedule'),
    column('Time zone', '.spec.timeZone'),
    column('Suspend', '.spec.suspend', 'boolean'),
    column('Last', '.status.lastScheduleTime', 'date'),
    column('Next', '.status.nextScheduleTime', 'string', 'An instant: kubectl shows a date in the future as invalid.'),
    column('Last verdict', '.status.lastVerdict'),
    age,
  ],
  NetworkGameDay: [column('On failure', '.spec.onFailure'), age],
  NetworkHalt: [column('By', '.spec.by'), column('Reason', '.spec.reason'), age],
  NodeTask: [
    column('Node', '.spec.node'),
    column('Work', '.spec.work'),
    column('Order', '.spec.order'),
    column('Run', '.spec.run.name'),
    column('Phase', '.status.targets[0].phase', 'string', 'Of the first target.'),
    column('Residue', '.status.residue', 'integer'),
    age,
  ],
};
