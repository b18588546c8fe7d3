/** What an operator, or whoever runs experiments on one machine, is told of targets: whom nobody may hurt here, and how much at most. */
import type { Command } from 'commander';
import type { BlastRadius } from '../../api/index.ts';
import type { TargetRules } from '../../control/index.ts';
import { parseDuration, SquallError } from '../../lib/index.ts';

export type TargetOptions = {
  protectedNamespaces: string;
  optIn?: boolean;
  maxTargets?: string;
  maxPercentOfWorkload?: string;
  maxPercentOfNamespace?: string;
  maxPercentOfCluster?: string;
  maxNodes?: string;
  maxRunsPerTarget?: string;
  minAge?: string;
  ignoreDisruptionBudgets?: boolean;
};

/** @param protectedNamespaces of which no pod is hurt where nobody says otherwise */
export function withTargetOptions(command: Command, protectedNamespaces: readonly string[] = []): Command {
  return command
    .option(
      '--protected-namespaces <names>',
      "namespaces of which no pod is ever hurt, with commas between; 'none' protects none",
      protectedNamespaces.join(',') || 'none',
    )
    .option('--opt-in', 'hurt only pods that have, or whose namespace has, the label squall.networkmachinery.io/include: "true"')
    .option('--max-targets <pods>', 'the most pods that all runs together may hurt, whatever experiments say')
    .option('--max-percent-of-workload <percent>', 'the most of the running pods of one workload, by all runs together')
    .option('--max-percent-of-namespace <percent>', 'the most of the running pods of one namespace')
    .option('--max-percent-of-cluster <percent>', 'the most of all running pods')
    .option('--max-nodes <nodes>', 'the most nodes on which pods may be hurt')
    .option('--max-runs-per-target <runs>', 'the most runs that may hurt one pod at the same time')
    .option('--min-age <duration>', 'how long a pod must have existed before any run may hurt it, such as 2m')
    .option('--ignore-disruption-budgets', 'hurt more pods of a PodDisruptionBudget than may be gone');
}

/** @throws SquallError InvalidInput, which names the option */
export function readTargetRules(options: TargetOptions): TargetRules {
  const limits: Record<keyof BlastRadius, number | undefined> = {
    maxTargets: whole('--max-targets', options.maxTargets, 100_000),
    maxPercentOfWorkload: whole('--max-percent-of-workload', options.maxPercentOfWorkload, 100),
    maxPercentOfNamespace: whole('--max-percent-of-namespace', options.maxPercentOfNamespace, 100),
    maxPercentOfCluster: whole('--max-percent-of-cluster', options.maxPercentOfCluster, 100),
    maxNodes: whole('--max-nodes', options.maxNodes, 100_000),
    maxRunsPerTarget: whole('--max-runs-per-target', options.maxRunsPerTarget, 15),
    minAgeMs: age(options.minAge),
  };
  // What is not limited is left out.
  const ceilings = Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined)) as BlastRadius;
  return {
    protectedNamespaces: names(options.protectedNamespaces),
    optIn: options.optIn ?? false,
    ceilings,
    ...(options.ignoreDisruptionBudgets === true ? { ignoreDisruptionBudgets: true } : {}),
  };
}

const namespacePattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

function names(text: string): string[] {
  if (text === 'none') return [];
  const all = text.split(',');
  const wrong = all.find((name) => !namespacePattern.test(name));
  if (wrong === undefined) return all;
  const expected = "expected names of namespaces with commas and no blanks between, or 'none'";
  throw new SquallError('InvalidInput', `--protected-namespaces: ${expected}, found '${text}'`);
}

function whole(option: string, text: string | undefined, atMost: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= atMost) return value;
  const remedy = 'leave it out for no limit';
  throw new SquallError('InvalidInput', `${option}: expected a whole number from 1 to ${atMost}, found '${text}'; ${remedy}`);
}

function age(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = parseDuration(text);
  if (value !== undefined && value >= 1000) return value;
  throw new SquallError('InvalidInput', `--min-age: expected a duration of at least 1s, such as 2m, found '${text}'`);
}
