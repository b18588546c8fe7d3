/** One good spec of every kind, and small helpers to bend them. */
import { type Kind, type ManifestResult, readManifests } from '../../src/api/index.ts';

export const connectivity = {
  layer: '4',
  source: { namespace: 'shop', name: 'checkout' },
  destinations: [{ kind: 'service', namespace: 'shop', name: 'payments', port: '8080' }],
};

export const shaper = {
  targets: [{ kind: 'selector', namespace: 'shop', targetSelector: { matchLabels: { app: 'payments' } } }],
  configuration: { type: 'delay', device: 'eth0', value: '200ms' },
};

export const experiment = {
  duration: '20s',
  fault: shaper,
  hypothesis: [{ name: 'reaches', connectivity, tolerance: { lossPercent: 1 } }],
};

export const performance = {
  type: 'iperf',
  clients: [{ kind: 'pod', name: 'a', configuration: { protocol: 'tcp', bandwidth: '10mbit' } }],
  servers: [{ kind: 'pod', name: 'b' }],
};

export const monitor = {
  flows: [{ name: 'tcp', keys: 'ipsource,ipdestination', value: 'frames' }],
  thresholds: [{ name: 'ddos', value: 100, flowName: 'tcp' }],
};
export const relativeThreshold = { name: 'half', value: 100, flowName: 'tcp', condition: 'below', timesBaseline: 0.5 };

export const goodSpecs: Record<Exclude<Kind, 'NodeTask'>, Record<string, unknown>> = {
  NetworkTrafficShaper: shaper,
  NetworkConnectivityTest: connectivity,
  NetworkPerformanceTest: performance,
  NetworkDelayTest: { protocol: 'udp', source: { name: 'a' }, destinations: [{ kind: 'node', name: 'n' }] },
  NetworkMonitor: monitor,
  NetworkNotification: { networkEvent: { event: { eventID: 1, threshold: 20, value: 21.5 } } },
  NetworkModulesValidator: { sysctls: { 'net.ipv4.ip_forward': '1' }, modules: ['sch_netem'], qdiscs: ['netem'] },
  NetworkExperiment: experiment,
  NetworkExperimentSchedule: { schedule: '30 2 * * 1-5', timeZone: 'Europe/Berlin', experimentTemplate: { spec: experiment } },
  NetworkHalt: { reason: 'the pager rang', by: 'ada@laptop' },
  NetworkGameDay: {
    steps: [
      { name: 'slow', experiment, pause: '30s' },
      { name: 'stored', experiment: { ref: 'other' } },
    ],
  },
};

/** A copy in which the field at a path such as `targets.0.kind` has another value; undefined removes it. */
export function bend(spec: unknown, path: string, value: unknown): Record<string, unknown> {
  const copy = structuredClone(spec) as Record<string, unknown>;
  const steps = path.split('.');
  const last = steps.pop() ?? '';
  let holder: Record<string, unknown> = copy;
  for (const step of steps) holder = (holder[step] ??= {}) as Record<string, unknown>;
  if (value === undefined) Reflect.deleteProperty(holder, last);
  else holder[last] = value;
  return copy;
}

export function manifestText(kind: string, spec: unknown, metadata: unknown = { name: 'sample' }): string {
  return JSON.stringify({ apiVersion: 'networkmachinery.io/v1alpha1', kind, metadata, spec });
}

export function readText(text: string, name = 'input.yaml'): ManifestResult {
  return readManifests([{ name, text }]);
}

/** `path: message` of every error, without the file's name. */
export function errorsOf(kind: string, spec: unknown): string[] {
  return readText(manifestText(kind, spec)).errors.map(({ path, message }) => `${path}: ${message}`);
}
