import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exitCodeOf, type Verdict, worst } from '../../src/api/index.ts';

const exitOf = (...runs: [Verdict, string][]): number => {
  const decisive = worst(runs.map(([verdict, reason]) => ({ verdict, reason })));
  return exitCodeOf(decisive?.verdict ?? 'Passed', decisive?.reason ?? '');
};

describe('the exit code of several runs', () => {
  /** The worst first, with its exit code. */
  const order: [Verdict, string, number][] = [
    ['Errored', 'CleanUpIncomplete', 5],
    ['Errored', 'Internal', 7],
    ['Aborted', 'Interrupted', 4],
    ['Failed', 'HypothesisViolated', 1],
    ['Refused', 'NoTarget', 3],
    ['Inconclusive', 'NoDose', 6],
    ['Passed', 'SteadyStateHeld', 0],
  ];

  it('is that of the worst, in whatever order they ran', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...order.keys()], { minLength: 1 }), (places) => {
        const runs = places.map((place): [Verdict, string] => [order[place]?.[0] ?? 'Passed', order[place]?.[1] ?? '']);
        expect(exitOf(...runs)).toBe(order[Math.min(...places)]?.[2]);
      }),
    );
  });

  it('says that something was left in a kernel, also when an earlier run ended with another error', () => {
    expect(exitOf(['Errored', 'KernelRefused'], ['Errored', 'CleanUpIncomplete'], ['Passed', 'SteadyStateHeld'])).toBe(5);
  });

  it('is of the first of equals', () => {
    const runs = ['NoTarget', 'PreflightRefused'].map((reason) => ({ verdict: 'Refused' as const, reason }));
    expect(worst(runs)?.reason).toBe('NoTarget');
  });
});
