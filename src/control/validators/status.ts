/** What a validator's status says, from what the agents of its nodes have answered. Pure. */
import type {
  CheckOutcome,
  CheckResult,
  ModulesValidator,
  NodeOutcome,
  ValidatedNode,
  ValidationRound,
  ValidatorStatus,
} from '../../api/index.ts';
import { firstFew, formatInstant } from '../../lib/index.ts';
import { nameOfCheck } from '../../preflight/index.ts';
import { condition, type ConditionFact } from '../conditions.ts';

/** What became of one node's look. */
export type Answer =
  | { answer: 'checks'; checks: readonly CheckResult[]; kernel?: string }
  /** Nobody answered in time. */
  | { answer: 'silence' }
  | { answer: 'no node' };

export type StatusFacts = {
  generation: number;
  validator: ModulesValidator;
  before: ValidatorStatus | undefined;
  selected: readonly string[];
  now: number;
  /** What of it could not be set. */
  notSet: readonly (CheckResult & { node: string })[];
};

/** Beyond so many outcomes only those that are not ok are kept, for an object of Kubernetes holds no more than about a megabyte. */
const mostOutcomes = 1000;
const longestText = 300;

/** A round has begun; what the last one found stands until this one is over. */
export function statusAtBegin(facts: StatusFacts, nodes: readonly string[], isWhole: boolean): ValidatorStatus {
  const { before, generation, now } = facts;
  const number = (before?.rounds ?? 0) + 1;
  const startedAt = formatInstant(now);
  const round: ValidationRound = { number, generation, startedAt, nodes: [...nodes] };
  const base = before ?? { observedGeneration: 0, rounds: 0, summary: '', nodes: [], conditions: [] };
  return { ...base, rounds: number, round, ...(isWhole ? { checkedAt: startedAt } : {}) };
}

/** The round is over: its nodes have new outcomes, the others keep theirs, and those that are none of its nodes any more are left out. */
export function statusAtEnd(facts: StatusFacts, answers: ReadonlyMap<string, Answer>): ValidatorStatus {
  const { before, generation, selected, validator, now } = facts;
  const { round: _over, ...base } = before ?? { rounds: 0 };
  const earlier = new Map(before?.nodes.map((node) => [node.node, node]));
  const nodes = selected.flatMap((node): ValidatedNode[] => {
    const answer = answers.get(node);
    const known = earlier.get(node);
    if (answer === undefined) return known === undefined ? [] : [known];
    return [nodeStatus(node, answer, known, now)];
  });
  const valid = nodes.filter(({ outcome }) => outcome === 'Valid').length;
  return {
    ...base,
    observedGeneration: generation,
    summary: `${String(valid)}/${String(nodes.length)}`,
    nodes: withinBounds(nodes),
    conditions: [validity(nodes), completeness(validator), ...enforcement(validator, facts.notSet)].map((fact) =>
      condition(fact, before?.conditions ?? [], generation, now),
    ),
  };
}

/** Its spec cannot be read: nothing is checked. */
export function unreadableStatus(
  before: ValidatorStatus | undefined,
  generation: number,
  message: string,
  now: number,
): ValidatorStatus {
  const { rounds = 0, conditions = [] } = before ?? {};
  const fact: ConditionFact = { type: 'Valid', status: 'Unknown', reason: 'InvalidInput', message };
  return {
    observedGeneration: generation,
    rounds,
    summary: '0/0',
    nodes: [],
    conditions: [condition(fact, conditions, generation, now)],
  };
}

function nodeStatus(node: string, answer: Answer, before: ValidatedNode | undefined, now: number): ValidatedNode {
  const checks = outcomesOf(answer);
  const outcome: NodeOutcome = answer.answer !== 'checks' ? 'Unknown' : checks.every(({ ok }) => ok) ? 'Valid' : 'Invalid';
  return {
    node,
    outcome,
    since: before?.outcome === outcome ? before.since : formatInstant(now),
    ...(answer.answer === 'checks' && answer.kernel !== undefined ? { kernel: answer.kernel } : {}),
    checkCount: checks.length,
    checks,
  };
}

function outcomesOf(answer: Answer): CheckOutcome[] {
  switch (answer.answer) {
    case 'checks':
      return answer.checks.map(({ check, ok, expected, found, remedy }) => ({
        name: nameOfCheck(check),
        ok,
        ...{ expected: cut(expected), found: cut(found), remedy: cut(remedy) },
      }));
    case 'silence': {
      const remedy = 'look whether an agent of Squall runs on the node and is ready';
      return [{ name: 'agent', ok: false, expected: "the node's agent answers", found: 'no answer in time', remedy }];
    }
    case 'no node': {
      const remedy = "correct the name in nodeNames; 'kubectl get nodes' shows what there is";
      return [{ name: 'node', ok: false, expected: 'there is a node of this name', found: 'there is none', remedy }];
    }
  }
}

function withinBounds(nodes: readonly ValidatedNode[]): ValidatedNode[] {
  const total = nodes.reduce((sum, { checks }) => sum + checks.length, 0);
  if (total <= mostOutcomes) return [...nodes];
  const mostEach = Math.max(1, Math.floor(mostOutcomes / nodes.length));
  return nodes.map((node) => ({ ...node, checks: node.checks.filter(({ ok }) => !ok).slice(0, mostEach) }));
}

function cut(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText)}…`;
}

function validity(nodes: readonly ValidatedNode[]): ConditionFact {
  const of = (outcome: NodeOutcome) => nodes.filter((node) => node.outcome === outcome);
  const [invalid, unknown] = [of('Invalid'), of('Unknown')];
  if (invalid.length > 0) return { type: 'Valid', status: 'False', reason: 'ChecksFailed', message: describeFailures(invalid) };
  if (unknown.length > 0) return { type: 'Valid', status: 'Unknown', reason: 'NoAnswer', message: describeFailures(unknown) };
  if (nodes.length === 0)
    return { type: 'Valid', status: 'Unknown', reason: 'NoNode', message: 'it is about no node that there is' };
  if (nodes.every(({ checkCount }) => checkCount === 0)) {
    return { type: 'Valid', status: 'Unknown', reason: 'NothingChecked', message: 'nothing of it can be checked outside a run' };
  }
  return { type: 'Valid', status: 'True', reason: 'ChecksHeld', message: '' };
}

/** Whether everything that was written could be checked here. */
function completeness({ sysctls }: ModulesValidator): ConditionFact {
  const ofPods = sysctls.filter(({ scope }) => scope === 'pod').map(({ name }) => name);
  if (ofPods.length === 0) return { type: 'Complete', status: 'True', reason: 'AllChecked', message: '' };
  const message = `checked only as a gate of an experiment, in the pods of its run: ${ofPods.join(', ')}`;
  return { type: 'Complete', status: 'False', reason: 'PodScope', message };
}

/** Only of validators that enforce. */
function enforcement({ enforce }: ModulesValidator, notSet: StatusFacts['notSet']): ConditionFact[] {
  if (!enforce) return [];
  if (notSet.length === 0) return [{ type: 'Enforced', status: 'True', reason: 'Set', message: '' }];
  return [{ type: 'Enforced', status: 'False', reason: 'NotSet', message: describe(notSet) }];
}

function describeFailures(nodes: readonly ValidatedNode[]): string {
  return describe(nodes.flatMap(({ node, checks }) => checks.filter(({ ok }) => !ok).map((check) => ({ node, ...check }))));
}

function describe(failures: readonly { node: string; expected: string; found: string }[]): string {
  return firstFew(
    failures.map(({ node, expected, found }) => `${node}: expected that ${expected}, found ${found}`),
    '; ',
  );
}
