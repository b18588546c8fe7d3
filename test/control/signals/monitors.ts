/** Monitors as their observer shows them, for tests of whoever looks at them. */
import { apiVersion, type ArmedThreshold, type Crossing, type MonitorStatus } from '../../../src/api/index.ts';
import type { MonitorObject } from '../../../src/control/index.ts';
import { formatInstant } from '../../../src/lib/index.ts';
import type { Stored } from '../../../src/store/index.ts';

export const flow = { name: 'connections', keys: 'ipsource,ipdestination', value: 'frames' };

export function monitorSpec(threshold = 'retry-storm'): unknown {
  return { flows: [flow], thresholds: [{ name: threshold, value: 300, flowName: 'connections' }] };
}

export function crossing(changes: Partial<Crossing> = {}): Crossing {
  return {
    threshold: 'retry-storm',
    flow: '10.0.0.1,10.0.0.10',
    value: 812.4,
    limit: 300,
    agent: '10.0.0.254',
    dataSource: '3',
    samples: 13,
    errorPercent: 14.2,
    eventId: 7,
    at: '2026-03-01T02:30:00.000Z',
    ...changes,
  };
}

export function armedFor(run: string, changes: Partial<ArmedThreshold> = {}): ArmedThreshold {
  return { run, threshold: 'retry-storm', state: 'quiet', message: 'all is quiet', limit: 300, ...changes };
}

export function monitorStatus(armed: ArmedThreshold[], changes: Partial<MonitorStatus> = {}): MonitorStatus {
  return {
    observedGeneration: 1,
    observedBy: 'collector',
    heartbeatAt: formatInstant(Date.now()),
    state: 'quiet',
    message: '',
    agentCount: 1,
    agents: [],
    flows: [],
    thresholds: [],
    armed,
    traffic: [],
    conditions: [],
    ...changes,
  };
}

export function monitor(status?: MonitorStatus, spec = monitorSpec(), generation = 1): Stored<MonitorObject> {
  return {
    apiVersion,
    kind: 'NetworkMonitor',
    metadata: {
      name: 'shop-traffic',
      namespace: 'shop',
      uid: 'uid-monitor',
      resourceVersion: '1',
      creationTimestamp: '2026-03-01T02:00:00Z',
      generation,
    },
    spec,
    ...(status === undefined ? {} : { status }),
  };
}
