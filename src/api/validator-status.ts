/** The status of a NetworkModulesValidator: what was found on every node, check by check. Its one writer is the control process. */
import type { Condition } from './metadata.ts';

/** One check on one node, in words. @property name what is checked, such as `sysctl net.ipv4.ip_forward` */
export type CheckOutcome = { name: string; ok: boolean; expected: string; found: string; remedy: string };

/** `Unknown`: the node's agent did not answer, which the only outcome in `checks` says. */
export const nodeOutcomes = ['Valid', 'Invalid', 'Unknown'] as const;
export type NodeOutcome = (typeof nodeOutcomes)[number];

export type ValidatedNode = {
  node: string;
  outcome: NodeOutcome;
  /** RFC 3339: when the outcome became what it is. */
  since: string;
  kernel?: string;
  checkCount: number;
  /** Every one; of very many nodes only those that are not ok. */
  checks: CheckOutcome[];
};

/** One look at every node. @property number of this validator; tasks are named by it. @property generation of the spec that is checked */
export type ValidationRound = { number: number; generation: number; startedAt: string; nodes: string[] };

export type ValidatorStatus = {
  /** Of the spec that `nodes` speak of; 0 before the first round is over. */
  observedGeneration: number;
  /** Under way; absent: none is. */
  round?: ValidationRound;
  /** RFC 3339: when the last look at all of its nodes began. */
  checkedAt?: string;
  /** How many have begun. */
  rounds: number;
  /** Such as 2/3: how many nodes are Valid. */
  summary: string;
  nodes: ValidatedNode[];
  conditions: Condition[];
};
