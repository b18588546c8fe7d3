import { type AbortRule, type ArmedThreshold, type Monitor, mostHeartbeatSilenceMs, readSpec } from '../../api/index.ts';
import type { SignalFact } from '../../experiment/index.ts';
import { messageOf } from '../../lib/index.ts';
import type { Stored } from '../../store/index.ts';
import type { MonitorObject } from '../resources.ts';
import { describeCrossing } from './describe-crossing.ts';
import type { Liveness } from './heartbeats.ts';

export type ArmedRun = { namespace: string; uid: string };

/** What there is to know of monitors. `monitorOf`: by name, in the run's namespace; `isComplete`: what it does not have does not exist. */
export type SeenMonitors = {
  monitorOf: (name: string) => Stored<MonitorObject> | undefined;
  livenessOf: (monitor: Stored<MonitorObject>) => Liveness | undefined;
  isComplete: boolean;
};

type Judged = Omit<SignalFact, 'monitor' | 'threshold'>;

/** What the monitors say of each rule that names one, now. Pure. Whatever cannot be read says nothing good. */
export function signalFacts(rules: readonly AbortRule[], run: ArmedRun, seen: SeenMonitors): SignalFact[] {
  return rules.flatMap((rule) => {
    if (rule.kind !== 'monitor') return [];
    const { ref: monitor, threshold } = rule.monitor;
    const { message, ...judged } = judge(monitor, threshold, run, seen);
    return { monitor, threshold, ...judged, message: `${monitor}/${threshold}: ${message}` };
  });
}

function judge(name: string, threshold: string, run: ArmedRun, seen: SeenMonitors): Judged {
  try {
    const monitor = seen.monitorOf(name);
    if (monitor !== undefined) return judgeMonitor(monitor, threshold, run, seen);
  } catch (error) {
    return { state: 'undecidable', message: messageOf(error) };
  }
  return seen.isComplete
    ? { state: 'missing', message: `there is no NetworkMonitor '${name}' in namespace ${run.namespace}` }
    : { state: 'waiting', message: 'the NetworkMonitors have not been read yet' };
}

function judgeMonitor(monitor: Stored<MonitorObject>, name: string, { namespace, uid }: ArmedRun, seen: SeenMonitors): Judged {
  const { status, metadata, spec } = monitor;
  const model = readSpec('NetworkMonitor', spec, namespace);
  const threshold = model.thresholds.find((one) => one.name === name);
  if (threshold === undefined) return { state: 'missing', message: missingThreshold(model) };
  if (status === undefined) {
    const message =
      'nobody has observed it yet; it needs a Squall that observes, with its collector or the sFlow-RT at its monitoringEndpoint';
    return { state: 'waiting', message };
  }
  const unit = model.flows.find((flow) => flow.name === threshold.flowName)?.value;
  const armed = status.armed.find((one) => one.run === uid && one.threshold === name);
  // What has crossed has crossed, whatever became of its observer since.
  if (armed !== undefined && (armed.crossing !== undefined || armed.state === 'firing'))
    return fired(armed, threshold.condition, unit);
  const { silentMs, isProven } = seen.livenessOf(monitor) ?? { silentMs: 0, isProven: false };
  if (silentMs > mostHeartbeatSilenceMs) {
    const message = `its observer (${status.observedBy}) has been silent for ${(silentMs / 1000).toFixed(1)} s, longer than ${String(mostHeartbeatSilenceMs / 1000)} s`;
    return { state: 'lost', message };
  }
  if (!isProven) return { state: 'waiting', message: `its status of ${status.heartbeatAt} has not been renewed yet` };
  if (status.observedGeneration < (metadata.generation ?? 0)) {
    return { state: 'waiting', message: `its observer (${status.observedBy}) has not taken over its change yet` };
  }
  if (armed === undefined) {
    const why = status.state === 'undecidable' ? `: ${status.message}` : '';
    return { state: 'waiting', message: `its observer (${status.observedBy}) does not watch for this run yet${why}` };
  }
  const { state, message, limit } = armed;
  return { state, message, ...(limit === undefined ? {} : { limit }), ...(unit === undefined ? {} : { unit }) };
}

function missingThreshold({ thresholds }: Monitor): string {
  const names = thresholds.map(({ name }) => name);
  return `the NetworkMonitor has no such threshold; ${names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`}`;
}

function fired(
  { crossing, notification, limit, message }: ArmedThreshold,
  condition: 'above' | 'below',
  unit: string | undefined,
): Judged {
  const known = {
    state: 'firing' as const,
    ...(unit === undefined ? {} : { unit }),
    ...(notification === undefined ? {} : { notification }),
  };
  if (crossing === undefined) return { ...known, message, ...(limit === undefined ? {} : { limit }) };
  const { flow, value, agent, dataSource, samples, errorPercent, at } = crossing;
  return {
    ...known,
    ...(flow === undefined ? {} : { flow }),
    ...{ value, limit: crossing.limit, agent, dataSource, samples, errorPercent },
    message: describeCrossing(crossing, condition, unit),
    ...(Number.isNaN(Date.parse(at)) ? {} : { at: Date.parse(at) }),
  };
}
