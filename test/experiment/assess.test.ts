import { describe, expect, it } from 'vitest';
import type { Phase, Tolerance } from '../../src/api/index.ts';
import { assess, assessRecovery } from '../../src/experiment/index.ts';
import { observation } from './arbitraries.ts';

const loss: Tolerance = { lossPercent: { atMost: 1 } };
const slower: Tolerance = { rttP95: { overBaseline: 250 } };
const baseline = [observation({ rttP95: 2 })];
const silent = { received: 0, lossPercent: 100, rttP95: undefined };

const cases: [what: string, phase: Phase, observed: ReturnType<typeof observation>[], tolerance: Tolerance, outcome: string][] = [
  ['no loss', 'during', [observation()], loss, 'held'],
  ['too much loss', 'during', [observation({ lossPercent: 1.5 })], loss, 'violated'],
  ['exactly the limit', 'during', [observation({ lossPercent: 1 })], loss, 'held'],
  ['no stream at all', 'during', [], loss, 'undecided'],
  ['nothing sent', 'during', [observation({ sent: 0, received: 0 })], loss, 'undecided'],
  ['a delay within the baseline and 250 ms', 'during', [observation({ rttP95: 252 })], slower, 'held'],
  ['a delay over it', 'during', [observation({ rttP95: 252.1 })], slower, 'violated'],
  ['a limit over the baseline before the fault', 'before', [observation({ rttP95: 9999 })], slower, 'held'],
  ['a round-trip limit where nothing was answered', 'before', [observation(silent)], slower, 'undecided'],
  ['one bad stream of two', 'during', [observation(), observation({ stream: 't', lossPercent: 50 })], loss, 'violated'],
  [
    'a percentage over the baseline',
    'during',
    [observation({ rttP95: 2.3 })],
    { rttP95: { overBaselinePercent: 10 } },
    'violated',
  ],
  ['loss though round trips are unknown', 'during', [observation(silent)], { ...slower, ...loss }, 'violated'],
];

describe('assess', () => {
  it.each(cases)('judges %s in %s', (_what, phase, observed, tolerance, outcome) => {
    expect(assess('reaches', phase, observed, baseline, tolerance).outcome).toBe(outcome);
  });

  it('cannot decide a limit over a baseline that was never measured', () => {
    expect(assess('reaches', 'during', [observation()], [], slower)).toMatchObject({ outcome: 'undecided' });
  });

  it('lists the worst stream first', () => {
    const observed = [observation({ stream: 'good' }), observation({ stream: 'bad', lossPercent: 30 })];
    expect(assess('reaches', 'during', observed, [], loss).observed.map(({ stream }) => stream)).toEqual(['bad', 'good']);
  });
});

describe('assessRecovery', () => {
  const bad = [observation({ lossPercent: 20 })];
  const good = [observation()];

  it.each([
    ['the first second whose rest holds is in time', [bad, bad, good], 3000, 'held'],
    ['it is too late', [bad, bad, bad, good], 2000, 'violated'],
    ['it never recovered', [bad, bad], 5000, 'violated'],
    ['nothing was seen', [], 5000, 'undecided'],
  ])('when %s', (_what, seen, recoverWithinMs, outcome) => {
    const suffixes = seen.map((observed, index) => ({ from: 1000 * index, observed }));
    expect(assessRecovery('reaches', suffixes, [], loss, 0, recoverWithinMs).outcome).toBe(outcome);
  });
});
