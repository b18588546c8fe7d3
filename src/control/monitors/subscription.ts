/** What an observer is asked to watch for a monitor and the runs that it may abort. Pure. */
import type { Monitor } from '../../api/index.ts';
import { SquallError } from '../../lib/index.ts';
import { type Arming, smoothingMsOf, type Subscription } from '../../observers/index.ts';
import type { ArmedRun } from './armed-runs.ts';

/** Nothing of a manifest says otherwise: `activeTimeout` is when sFlow-RT writes a flow to its log. */
const smoothingMs = smoothingMsOf(undefined);
/**
 * Nothing of a manifest says it, and sFlow-RT does not document its default. After five times the smoothing time the value has forgotten all but
 * e⁻⁵ of what crossed, so that noise around a threshold is one event and not many.
 */
const rearmMs = 5 * smoothingMs;
/** As sFlow-RT shows at most. */
const topFlows = 20;
/** Thresholds of all runs of one monitor together: what a status can show. */
export const mostArmed = 48;

/** What a run waits for: each threshold that its rules name, also one that the monitor does not have. */
export type ArmedEntry = { run: ArmedRun; threshold: string };

/** Runs are armed whole or not at all, the older ones first; `left` are those that are not. */
export function armedEntries(runs: readonly ArmedRun[]): { entries: ArmedEntry[]; left: ArmedRun[] } {
  const entries: ArmedEntry[] = [];
  const left: ArmedRun[] = [];
  for (const run of runs) {
    if (entries.length + run.thresholds.length > mostArmed) left.push(run);
    else entries.push(...run.thresholds.map((threshold) => ({ run, threshold })));
  }
  return { entries, left };
}

/**
 * @param id `namespace/name` of the monitor
 * @throws SquallError InvalidInput of a threshold whose metric is no flow
 */
export function subscriptionOf(id: string, { flows, thresholds, events }: Monitor, runs: readonly ArmedRun[]): Subscription {
  thresholds.forEach(({ metric, flowName }, index) => {
    if (metric === flowName) return;
    const remedy = 'thresholds on counters are not judged: remove metric, or name the flow';
    throw new SquallError(
      'InvalidInput',
      `spec.thresholds[${String(index)}].metric: '${metric}': expected '${flowName}', the flow; ${remedy}`,
    );
  });
  return {
    id,
    flows: flows.map(({ name, keys, value, filter, log, flowStart, activeTimeoutMs }) => ({
      ...{ name, keys, value, smoothingMs, top: topFlows },
      ...(filter === undefined ? {} : { filter }),
      ...(log ? { log: { flowStart, ...(activeTimeoutMs === undefined ? {} : { activeTimeoutMs }) } } : {}),
    })),
    thresholds: thresholds.map(({ name, flowName, value, detector, condition, timesBaseline, byFlow, exemptTargets }) => ({
      ...{ name, flow: flowName, value, detector, condition, rearmMs, byFlow, exemptTargets },
      ...(timesBaseline === undefined ? {} : { timesBaseline }),
    })),
    armings: armingsOf(thresholds, runs),
    events,
  };
}

function armingsOf(thresholds: Monitor['thresholds'], runs: readonly ArmedRun[]): Arming[] {
  const names = new Set(thresholds.map(({ name }) => name));
  const known = armedEntries(runs).entries.filter(({ threshold }) => names.has(threshold));
  return [...Map.groupBy(known, ({ run }) => run)].map(([{ uid, phase, targets }, entries]) => ({
    ...{ run: uid, phase, targets },
    thresholds: entries.map(({ threshold }) => threshold),
  }));
}
