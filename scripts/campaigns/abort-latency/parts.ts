/** What a run's instants come to: the parts of the time from the step of the traffic to the last target clean. Pure. */
import { quantileOf } from '../detector-trials.ts';

/** A datagram of the exporter as the campaign heard it: instants in milliseconds since 1970. */
export type Tapped = { at: number; sentAt: readonly number[] };

export type TrialTimes = {
  /** When the first packet of the step was sent. */
  stepAt: number;
  /** When the datagram came that decided, and when the run took notice. */
  crossedAt: number;
  decidedAt: number;
  firstCleanAt: number;
  lastCleanAt: number;
  /** Between the step and the decision. */
  heard: readonly Tapped[];
};

export type Parts = {
  /** From the step to the datagram that decided, in ms; the exporter's delay is in it. */
  toCrossing: number;
  toDecision: number;
  toFirstClean: number;
  toLastClean: number;
  whole: number;
  /** From the step to the first datagram with a packet of it. */
  firstHeard: number | undefined;
  /** How long packets of the step were held before they came: of all their samples. */
  held: readonly number[];
};

export function partsOf({ stepAt, crossedAt, decidedAt, firstCleanAt, lastCleanAt, heard }: TrialTimes): Parts {
  const samples = heard.flatMap(({ at, sentAt }) =>
    sentAt.filter((sent) => sent >= stepAt).map((sent) => ({ at, held: at - sent })),
  );
  const first = samples[0]?.at;
  return {
    toCrossing: crossedAt - stepAt,
    toDecision: decidedAt - crossedAt,
    toFirstClean: firstCleanAt - decidedAt,
    toLastClean: lastCleanAt - decidedAt,
    whole: lastCleanAt - stepAt,
    firstHeard: first === undefined ? undefined : first - stepAt,
    held: samples.map(({ held }) => held),
  };
}

export type Spread = { count: number; p50: number; p95: number; most: number };

export function spreadOf(values: readonly number[]): Spread {
  const ordered = [...values].sort((a, b) => a - b);
  return {
    count: ordered.length,
    p50: quantileOf(ordered, 0.5),
    p95: quantileOf(ordered, 0.95),
    most: ordered.at(-1) ?? NaN,
  };
}
