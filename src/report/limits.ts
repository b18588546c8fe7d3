import type { Bound, ConnectivityObservation, HypothesisRecord, Phase } from '../api/index.ts';

/** A limit that was in force for one metric of one stream in one phase, in the metric's own unit. */
export type Limit = { metric: string; phase: Phase; most: number; isLoss: boolean };

/** The same question that the verdict asked: tolerances with the baseline of that stream put in. */
export function limitsOf(records: readonly HypothesisRecord[], name: string, stream: string): Limit[] {
  const own = records.filter((record) => record.name === name);
  const baseline = observationOf(
    own.find(({ phase }) => phase === 'before'),
    stream,
  );
  return own.flatMap(({ phase, tolerance }) =>
    Object.entries(tolerance).flatMap(([metric, bound]) => {
      const most = bound === undefined ? undefined : tightest(bound, phase, metricOf(baseline, metric));
      return most === undefined ? [] : [{ metric, phase, most, isLoss: metric === 'lossPercent' }];
    }),
  );
}

export function observationOf(record: HypothesisRecord | undefined, stream: string): ConnectivityObservation | undefined {
  return record?.observed.find((observation) => observation.stream === stream);
}

/** A metric of an observation by its name in tolerances; undefined when it was not measured. */
export function metricOf(observation: ConnectivityObservation | undefined, metric: string): number | undefined {
  const value = observation?.[metric as keyof ConnectivityObservation];
  return typeof value === 'number' ? value : undefined;
}

function tightest(bound: Bound, phase: Phase, baseline: number | undefined): number | undefined {
  const limits: number[] = [];
  if (bound.atMost !== undefined) limits.push(bound.atMost);
  if (phase !== 'before' && baseline !== undefined) {
    if (bound.overBaseline !== undefined) limits.push(baseline + bound.overBaseline);
    if (bound.overBaselinePercent !== undefined) limits.push(baseline * (1 + bound.overBaselinePercent / 100));
  }
  return limits.length === 0 ? undefined : Math.min(...limits);
}
