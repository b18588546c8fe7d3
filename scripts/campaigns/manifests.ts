/** Manifests that the campaigns give to Squall. */
import { apiVersion } from '../../src/api/index.ts';

export type ShortRun = {
  namespace: string;
  /** Names of the pods that are hurt, and of the one that probes them. */
  targets: readonly string[];
  client: string;
  durationSeconds: number;
  fault: object;
  lossPercentTolerated: number;
  /** Longest round trip that is tolerated, where the run is about that. */
  rttMs?: number;
  /** @default 10 s */
  lease?: string;
  /** Between two probes; @default that of Squall */
  period?: string;
  selector?: Record<string, string>;
};

/** A delay in the words of a manifest. */
export const delay = (milliseconds: number): object => ({ type: 'delay', value: `${String(milliseconds)}ms` });

/** The spec of a NetworkExperiment: a fault on pods, and an ICMP hypothesis from a client to each of them. */
export function experimentSpec(run: ShortRun): object {
  const {
    namespace,
    targets,
    client,
    durationSeconds,
    fault,
    lossPercentTolerated,
    rttMs,
    selector,
    lease = '10s',
    period,
  } = run;
  const pods = targets.map((name) => ({ kind: 'pod', namespace, name }));
  return {
    before: '1s',
    duration: `${durationSeconds}s`,
    after: '1s',
    fault: {
      targets: selector === undefined ? pods : [{ kind: 'selector', namespace, targetSelector: { matchLabels: selector } }],
      configuration: fault,
      lease,
    },
    hypothesis: [
      {
        name: 'reaches',
        connectivity: { layer: '3', source: { namespace, name: client }, destinations: pods, period, timeout: '1s' },
        tolerance: { lossPercent: lossPercentTolerated, ...(rttMs === undefined ? {} : { rttP95: `${rttMs}ms` }) },
      },
    ],
  };
}

export function experiment(name: string, run: ShortRun): object {
  return { apiVersion, kind: 'NetworkExperiment', metadata: { name, namespace: run.namespace }, spec: experimentSpec(run) };
}

export function schedule(name: string, expression: string, run: ShortRun): object {
  return {
    apiVersion,
    kind: 'NetworkExperimentSchedule',
    metadata: { name, namespace: run.namespace },
    spec: {
      schedule: expression,
      concurrencyPolicy: 'Forbid',
      successfulExperimentsHistoryLimit: 3,
      failedExperimentsHistoryLimit: 3,
      experimentTemplate: { spec: experimentSpec(run) },
    },
  };
}
