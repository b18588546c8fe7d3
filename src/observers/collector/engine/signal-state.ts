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

export type Judgement<State> = { state: State; message: string };

const nothingYet =
  'no flow sample has come yet, so the sampling rate is not known; expected an agent that sends sFlow to the collector';

export function thresholdState(facts: {
  hearing: Hearing;
  power: DetectionPower | undefined;
  isFiring: boolean;
}): Judgement<SignalState> {
  const { hearing, power, isFiring } = facts;
  if (!hearing.hasSamples) return { state: 'waiting', message: hearing.lost === '' ? nothingYet : hearing.lost };
  if (hearing.lost !== '') return { state: 'lost', message: hearing.lost };
  if (power?.judgement === 'refused') return { state: 'undecidable', message: power.message };
  return { state: isFiring ? 'firing' : 'quiet', message: warnings(hearing, power) };
}

export function armedState(facts: {
  hearing: Hearing;
  power: DetectionPower | undefined;
  isFiring: boolean;
  hasCrossed: boolean;
  limit: ArmedLimit;
}): Judgement<ArmedState> {
  const { hearing, power, isFiring, hasCrossed, limit } = facts;
  if (hasCrossed) return { state: 'firing', message: warnings(hearing, power) };
  const judged = thresholdState({ hearing, power, isFiring });
  if (judged.state === 'waiting' || judged.state === 'lost') return judged;
  if (limit.kind === 'unknown') return { state: 'undecidable', message: limit.missing };
  if (limit.kind === 'learning') return { state: 'learning', message: limit.missing };
  return judged;
}

const warnings = ({ degraded }: Hearing, power: DetectionPower | undefined): string =>
  [power?.judgement === 'warned' ? power.message : '', degraded].filter((text) => text !== '').join('; ');
