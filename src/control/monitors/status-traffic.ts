/** Of a monitor's status: the traffic of the runs that it may abort. Pure. */
import type { MonitorStatus, PhaseTraffic, TrafficAmount } from '../../api/index.ts';
import { bounds, counted, cut, rounded } from './bounded.ts';
import type { MonitorFacts } from './facts.ts';

/** Where nobody answers, what was measured up to then stands: the report of a run needs it. */
export function trafficOf({ heard, before, runs }: Pick<MonitorFacts, 'heard' | 'before' | 'runs'>): MonitorStatus['traffic'] {
  if (heard.heard !== 'view') {
    const uids = new Set(runs.map(({ uid }) => uid));
    return before?.traffic.filter(({ run }) => uids.has(run)) ?? [];
  }
  return heard.view.traffic.slice(0, bounds.trafficRuns).map(({ run, traffic }) => ({
    run,
    traffic: { phases: traffic.phases.map(inStatus) },
  }));
}

/** Names of the runs for whose traffic a status has no room. */
export function trafficLeftOut({ heard, runs }: Pick<MonitorFacts, 'heard' | 'runs'>): string[] {
  if (heard.heard !== 'view') return [];
  const names = new Map(runs.map(({ uid, name }) => [uid, name]));
  return heard.view.traffic.slice(bounds.trafficRuns).map(({ run }) => names.get(run) ?? run);
}

function inStatus({ phase, seconds, targets, others, targetFlows }: PhaseTraffic): PhaseTraffic {
  return {
    ...{ phase, seconds: rounded(seconds), targets: whole(targets), others: whole(others) },
    targetFlows: targetFlows.slice(0, bounds.targetFlows).map(({ flow, framesPerSecond }) => ({
      flow: cut(flow, bounds.flow),
      framesPerSecond: rounded(framesPerSecond),
    })),
  };
}

function whole({ source, evenSamples, ...sums }: TrafficAmount): TrafficAmount {
  const { samples, frames, bytes, connectionAttempts, payloadBytes } = sums;
  return {
    ...{ samples: counted(samples), frames: counted(frames), bytes: counted(bytes) },
    ...{ connectionAttempts: counted(connectionAttempts), payloadBytes: counted(payloadBytes) },
    ...(source === undefined ? {} : { source: cut(source, 2 * bounds.source) }),
    ...(evenSamples && {
      evenSamples: { frames: rounded(evenSamples.frames), payloadBytes: rounded(evenSamples.payloadBytes) },
    }),
  };
}
