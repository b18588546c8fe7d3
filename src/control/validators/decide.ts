/** When a validator looks at nodes, and at which. Decides only. */
import { type ModulesValidator, selectorMatches, type ValidatorStatus } from '../../api/index.ts';
import type { Node } from '../world.ts';

/** `begin`: a round of looks at these nodes. `forget`: some that the status speaks of are none of its nodes any more. */
export type ValidationStep =
  | { step: 'begin'; nodes: string[]; isWhole: boolean }
  | { step: 'collect' }
  | { step: 'forget' }
  | { step: 'wait'; milliseconds?: number };

export type ValidationFacts = {
  generation: number;
  validator: Pick<ModulesValidator, 'periodMs'>;
  status: ValidatorStatus | undefined;
  /** The names of its nodes now. */
  selected: readonly string[];
  /** Milliseconds since 1970. */
  now: number;
};

/** The nodes that the validator is about, by name; one that is named is one also where there is no such node. */
export function selectNodes({ nodes: choice }: Pick<ModulesValidator, 'nodes'>, nodes: readonly Node[]): string[] {
  switch (choice.choice) {
    case 'all':
      return nodes.map(({ metadata }) => metadata.name).sort();
    case 'names':
      return [...new Set(choice.names)].sort();
    case 'selector':
      return nodes
        .filter(({ metadata }) => selectorMatches(choice.selector, metadata.labels))
        .map(({ metadata }) => metadata.name)
        .sort();
  }
}

/** An agent that was not there may be by then. */
export const askUnknownAfterMs = 5 * 60_000;

/**
 * All of its nodes when the spec is new, once a period, and a while after one of them did not answer; those alone that have come since, as soon as they have. A clock that was set
 * back delays no look by more than a period.
 */
export function decideStep({ generation, validator, status, selected, now }: ValidationFacts): ValidationStep {
  const whole: ValidationStep = { step: 'begin', nodes: [...selected], isWhole: true };
  if (status === undefined) return whole;
  if (status.round !== undefined) return status.round.generation === generation ? { step: 'collect' } : whole;
  if (status.observedGeneration !== generation || status.checkedAt === undefined) return whole;
  const sinceMs = now - Date.parse(status.checkedAt);
  const isUnknown = status.nodes.some(({ node, outcome }) => outcome === 'Unknown' && selected.includes(node));
  const periodMs = Math.min(validator.periodMs ?? Infinity, isUnknown ? askUnknownAfterMs : Infinity);
  if (sinceMs >= periodMs || sinceMs < 0) return whole;
  const known = new Set(status.nodes.map(({ node }) => node));
  const fresh = selected.filter((node) => !known.has(node));
  if (fresh.length > 0) return { step: 'begin', nodes: fresh, isWhole: false };
  if (status.nodes.some(({ node }) => !selected.includes(node))) return { step: 'forget' };
  return periodMs === Infinity ? { step: 'wait' } : { step: 'wait', milliseconds: periodMs - sinceMs };
}
