import type { Condition } from '../api/index.ts';
import { formatInstant } from '../lib/index.ts';

/** A condition without its times. */
export type ConditionFact = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** `lastTransitionTime` is kept while a condition's status stays the same. */
export function condition(fact: ConditionFact, before: readonly Condition[], generation: number, now: number): Condition {
  const previous = before.find(({ type, status }) => type === fact.type && status === fact.status);
  return { ...fact, lastTransitionTime: previous?.lastTransitionTime ?? formatInstant(now), observedGeneration: generation };
}
