import { describe, expect, it } from 'vitest';
import { initialState, type Plan, type RunState, step } from '../../src/experiment/index.ts';
import { noFacts, observation, plan } from './arbitraries.ts';

const settling: RunState = {
  ...initialState(0),
  phase: 'settle',
  windows: { during: { from: 0, to: 10_000 }, after: { from: 10_000, to: 15_000 } },
  dose: [],
  touched: true,
};

/** Outcome and reason of each phase when some measurements were lost, the probes of `during` having lost so many percent. */
function judged(asked: Plan, unmeasured: NonNullable<RunState['unmeasured']>, lossPercent: number): string[] {
  const observed = { during: { reaches: [observation({ lossPercent })] }, after: { reaches: [observation()] } };
  const continued = step(asked, settling, { type: 'continued', unmeasured }, 20_000).state;
  const { state } = step(asked, continued, { type: 'facts', facts: { ...noFacts, observed } }, 20_000);
  return state.results.map(({ phase, outcome }) => `${phase} ${outcome}`);
}

describe('results of a run that another control process went on with', () => {
  it.each([
    ['nothing was lost', [], 0, ['during held', 'after held']],
    ['measurements of a phase that seemed to hold were lost', ['during'], 0, ['during undecided', 'after held']],
    ['measurements of a phase that was violated all the same were lost', ['during'], 50, ['during violated', 'after held']],
  ] as const)('when %s', (_what, unmeasured, lossPercent, expected) => {
    expect(judged(plan(), [...unmeasured], lossPercent)).toEqual(expected);
  });
});
