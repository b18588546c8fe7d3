/** What is said of a threshold: whether it can be believed at all, before whether it is crossed. Pure. */
import type { ArmedState, SignalState } from '../../../api/index.ts';
import type { DetectionPower } from '../../detect/power.ts';
import type { ArmedLimit } from './armed-threshold.ts';

/** What is known of the agents that a threshold rests on; texts are empty where there is nothing to say. */
export type Hearing = {
  /** Some agent has sent flow samples, so that the sampling rate is known. */
  hasSamples: boolean;
  lost: string;
  degraded: string;
};

/** What is known of a threshold besides; texts are empty where there is nothing to say. */
export type ThresholdFacts = {
  hearing: Hearing;
  power: DetectionPower | undefined;
  isFiring: boolean;
  /** Agents that it rested on are forgotten. */
  awaited: string;
  /** No packet has belonged to its flow; below, nothing can be missed then. */
  unmatched: string;
  condition: 'above' | 'below';
};

export type Judgement<State> = { state: State; message: string };

const nothingYet =
  'no flow sample has come yet, so the sampling rate is not known; expected an agent that sends sFlow to the collector';

export function thresholdState(facts: ThresholdFacts): Judgement<SignalState> {
  return disbelief(facts) ?? judgement(facts);
}

/** @param facts `gone`: agents that it rested on are forgotten since it was armed */
export function armedState(
  facts: ThresholdFacts & { hasCrossed: boolean; gone: string; limit: ArmedLimit },
): Judgement<ArmedState> {
  const { hearing, power, hasCrossed, gone, limit } = facts;
  if (hasCrossed) return { state: 'firing', message: warnings(hearing, power) };
  if (gone !== '') return { state: 'lost', message: gone };
  const disbelieved = disbelief(facts);
  if (disbelieved !== undefined) return disbelieved;
  if (limit.kind === 'unknown') return { state: 'undecidable', message: limit.missing };
  if (limit.kind === 'learning') return { state: 'learning', message: limit.missing };
  return judgement(facts);
}

/** Why nothing is believed of what the detectors say, if so. */
function disbelief({ hearing, awaited, isFiring }: ThresholdFacts): Judgement<'waiting' | 'lost'> | undefined {
  const { hasSamples, lost } = hearing;
  if (!hasSamples) return { state: 'waiting', message: [awaited, lost, nothingYet].find((text) => text !== '') ?? '' };
  if (lost !== '') return { state: 'lost', message: lost };
  return awaited !== '' && !isFiring ? { state: 'waiting', message: awaited } : undefined;
}

function judgement({ hearing, power, isFiring, unmatched, condition }: ThresholdFacts): Judgement<SignalState> {
  if (power?.judgement === 'refused') return { state: 'undecidable', message: warnings(hearing, power) };
  if (isFiring) return { state: 'firing', message: warnings(hearing, power) };
  const state = unmatched !== '' && condition === 'below' ? 'waiting' : 'quiet';
  return { state, message: joined([warnings(hearing, power), unmatched]) };
}

const warnings = ({ degraded }: Hearing, power: DetectionPower | undefined): string => joined([power?.message ?? '', degraded]);

const joined = (texts: readonly string[]): string => texts.filter((text) => text !== '').join('; ');
