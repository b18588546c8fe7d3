/** What a fault made of the traffic that a monitor saw: of its targets', of all others' (collateral), and of the work for each byte (amplification). */
import {
  type ComparedTraffic,
  type NetworkTraffic,
  type Phase,
  type PhaseTraffic,
  type TrafficAmount,
  type TrafficByPhase,
  type TrafficChange,
  type TrafficRatio,
  type UndecidedRatio,
} from '../../api/index.ts';
import { type Counted, leastSamples, ratioOf, undecided } from './ratio.ts';

const megabyte = 1_000_000;

type ByPhase = Partial<Record<Phase, PhaseTraffic>>;

export function trafficChange(traffic: NetworkTraffic): TrafficChange {
  const byPhase: ByPhase = Object.fromEntries(traffic.phases.map((one) => [one.phase, one]));
  return {
    targets: rateChange(byPhase, targetsOf),
    others: rateChange(byPhase, ({ others }) => others),
    amplification: {
      connectionAttempts: workChange(byPhase, ({ connectionAttempts }) => connectionAttempts),
      frames: workChange(byPhase, ({ frames }) => frames),
    },
  };
}

const targetsOf = ({ targets }: PhaseTraffic): TrafficAmount => targets;

function rateChange(byPhase: ByPhase, amountOf: (phase: PhaseTraffic) => TrafficAmount): ComparedTraffic {
  const counted = (phase: PhaseTraffic): Counted => {
    const amount = amountOf(phase);
    return { sum: amount.frames, samples: amount.frames / frameWeight(amount), per: phase.seconds };
  };
  return {
    byPhase: valuesOf(byPhase, (phase) => (phase.seconds > 0 ? amountOf(phase).frames / phase.seconds : null)),
    ratio: compared(byPhase, amountOf, (before, during) => ratioOf(counted(before), counted(during))),
  };
}

/** Of the targets, for each megabyte of payload. */
function workChange(byPhase: ByPhase, workOf: (amount: TrafficAmount) => number): ComparedTraffic {
  const counted = ({ targets }: PhaseTraffic): Counted => {
    const sum = workOf(targets);
    return { sum, samples: sum / frameWeight(targets), per: targets.payloadBytes };
  };
  return {
    byPhase: valuesOf(byPhase, ({ targets }) =>
      targets.payloadBytes > 0 ? (workOf(targets) * megabyte) / targets.payloadBytes : null,
    ),
    ratio: compared(byPhase, targetsOf, (before, during) => {
      const scarce = [before, during].find(({ targets }) => payloadSamples(targets) < leastSamples);
      if (scarce !== undefined) return undecided(whyScarce(scarce));
      const doubt = Math.sqrt(1 / payloadSamples(before.targets) + 1 / payloadSamples(during.targets));
      return ratioOf(counted(before), counted(during), doubt);
    }),
  };
}

function compared(
  { before, during }: ByPhase,
  amountOf: (phase: PhaseTraffic) => TrafficAmount,
  compare: (before: PhaseTraffic, during: PhaseTraffic) => TrafficRatio | UndecidedRatio,
): TrafficRatio | UndecidedRatio {
  const missing = [before, during].findIndex((phase) => phase === undefined || phase.seconds <= 0);
  if (missing >= 0 || before === undefined || during === undefined) {
    return undecided(`nothing was watched ${missing === 0 ? 'before' : 'during'} the fault`);
  }
  const [first, second] = [amountOf(before).source, amountOf(during).source];
  if (first !== undefined && second !== undefined && first !== second) {
    return undecided(`it was seen at ${first} before and at ${second} during the fault: two places cannot be compared`);
  }
  return compare(before, during);
}

function valuesOf(byPhase: ByPhase, valueOf: (phase: PhaseTraffic) => number | null): TrafficByPhase {
  const valueIn = (phase: PhaseTraffic | undefined): number | null => (phase === undefined ? null : valueOf(phase));
  return { before: valueIn(byPhase.before), during: valueIn(byPhase.during), after: valueIn(byPhase.after) };
}

/** Frames that one sample of equal weight stands for; 1 where there is none, of which nothing follows. */
function frameWeight({ frames, samples, evenSamples }: TrafficAmount): number {
  const even = evenSamples?.frames ?? samples;
  return frames > 0 && even > 0 ? frames / even : 1;
}

function payloadSamples({ payloadBytes, samples, evenSamples }: TrafficAmount): number {
  return payloadBytes > 0 ? (evenSamples?.payloadBytes ?? samples) : 0;
}

function whyScarce({ phase, targets }: PhaseTraffic): string {
  const when = `${phase} the fault`;
  if (targets.payloadBytes === 0) return `no payload of the targets was sampled ${when}`;
  return `too few samples with payload of the targets ${when}; expected at least ${leastSamples} of equal weight`;
}
