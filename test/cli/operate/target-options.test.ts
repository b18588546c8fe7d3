import { Command } from 'commander';
import { protectedByDefault } from '../../../src/cluster/index.ts';
import { describe, expect, it } from 'vitest';
import { readTargetRules, type TargetOptions, withTargetOptions } from '../../../src/cli/operate/target-options.ts';

const rulesOf = (...args: string[]) => {
  const command = withTargetOptions(new Command(), protectedByDefault).exitOverride();
  return readTargetRules(command.parse(args, { from: 'user' }).opts<TargetOptions>());
};

it('on one machine no namespace is protected where nobody says so', () => {
  const command = withTargetOptions(new Command());
  const options = command.parse([], { from: 'user' }).opts<TargetOptions>();
  expect(readTargetRules(options)).toEqual({ protectedNamespaces: [], optIn: false, ceilings: {} });
});

describe('what an operator is told of targets', () => {
  it('is by default that namespaces which keep the cluster going, and our own, are protected', () => {
    const protectedNamespaces = ['kube-system', 'kube-public', 'kube-node-lease', 'squall-system'];
    expect(rulesOf()).toEqual({ protectedNamespaces, optIn: false, ceilings: {} });
  });

  it('has every ceiling that was given, in base units, and no other', () => {
    const shares = ['--max-percent-of-workload=50', '--max-percent-of-namespace=30', '--max-percent-of-cluster=10'];
    expect(rulesOf('--max-targets=20', ...shares, '--max-nodes=5', '--max-runs-per-target=1', '--min-age=2m').ceilings).toEqual({
      maxTargets: 20,
      maxPercentOfWorkload: 50,
      maxPercentOfNamespace: 30,
      maxPercentOfCluster: 10,
      maxNodes: 5,
      maxRunsPerTarget: 1,
      minAgeMs: 120_000,
    });
    expect(rulesOf('--max-nodes', '5').ceilings).toEqual({ maxNodes: 5 });
  });

  it('has the namespaces that are named instead of the default, or none', () => {
    expect(rulesOf('--protected-namespaces=bank,kube-system').protectedNamespaces).toEqual(['bank', 'kube-system']);
    expect(rulesOf('--protected-namespaces=none').protectedNamespaces).toEqual([]);
    expect(rulesOf('--opt-in').optIn).toBe(true);
    expect(rulesOf('--ignore-disruption-budgets').ignoreDisruptionBudgets).toBe(true);
  });

  it.each([
    ['--max-targets=0', /^--max-targets: expected a whole number from 1 to 100000, found '0'; leave it out/],
    ['--max-targets=', /found ''/],
    ['--max-nodes=1.5', /^--max-nodes: expected a whole number/],
    ['--max-nodes=1e3', /found '1e3'/],
    ['--max-percent-of-workload=50%', /^--max-percent-of-workload: expected a whole number from 1 to 100, found '50%'/],
    ['--max-percent-of-namespace=101', /^--max-percent-of-namespace: .*found '101'/],
    ['--min-age=30', /^--min-age: expected a duration of at least 1s, such as 2m, found '30'/],
    ['--min-age=10ms', /^--min-age/],
    ['--protected-namespaces=', /^--protected-namespaces: expected names/],
    ['--protected-namespaces=bank, shop', /no blanks between/],
  ])('is refused where it is %s', (option, message) => {
    expect(() => rulesOf(option)).toThrow(message);
  });
});
