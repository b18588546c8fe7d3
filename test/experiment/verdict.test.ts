import { describe, expect, it } from 'vitest';
import type { HypothesisRecord } from '../../src/api/index.ts';
import { judge, type Outcome } from '../../src/experiment/index.ts';

const dose = {
  target: 'shop/payments-0',
  fault: 'delay 200ms',
  requested: { value: 200, unit: 'ms' as const },
  measured: { value: 200.1, low: 199, high: 201, unit: 'ms' as const },
  samples: 50,
  source: 'probe' as const,
  ok: true,
};

const record = (phase: HypothesisRecord['phase'], outcome: HypothesisRecord['outcome']): HypothesisRecord => ({
  name: 'reaches',
  phase,
  outcome,
  observed: [],
  tolerance: {},
  samples: 10,
  reason: 'because',
});

const good: Outcome = {
  hasFault: true,
  touched: true,
  undo: { proven: true, residue: 0, changedByOthers: [] },
  dose: [dose],
  hypothesis: [record('before', 'held'), record('during', 'held'), record('after', 'held')],
};

/** Every row adds the trouble of its rule to all the troubles of the rows below it: the first match must win. */
const troubles: [verdict: string, reason: string, trouble: Partial<Outcome>][] = [
  ['Inconclusive', 'ChangedByOthers', { undo: { proven: true, residue: 0, changedByOthers: ['root qdisc replaced'] } }],
  ['Inconclusive', 'Undecided', { hypothesis: [record('before', 'held'), record('during', 'undecided')] }],
  ['Failed', 'HypothesisViolated', { hypothesis: [record('during', 'violated'), record('after', 'undecided')] }],
  ['Inconclusive', 'NoDose', { dose: [dose, { ...dose, ok: false }] }],
  ['Aborted', 'Interrupted', { ending: { kind: 'aborted', reason: 'Interrupted', message: '' } }],
  ['Refused', 'NoTarget', { ending: { kind: 'refused', reason: 'NoTarget', message: '' } }],
  ['Errored', 'KernelRefused', { ending: { kind: 'error', reason: 'KernelRefused', message: '' } }],
  ['Errored', 'CleanUpIncomplete', { undo: { proven: false, residue: 0, changedByOthers: [] } }],
  ['Errored', 'CleanUpIncomplete', { undo: { proven: false, residue: 1, changedByOthers: [] } }],
];

describe('judge', () => {
  it('passes a run that held, had its dose and left nothing', () => {
    expect(judge(good)).toMatchObject({ verdict: 'Passed', reason: 'SteadyStateHeld' });
  });

  it.each(troubles.map(([verdict, reason], index) => ({ verdict, reason, index })))(
    'gives $verdict, $reason whatever lower rules say',
    ({ verdict, reason, index }) => {
      const outcome = troubles.slice(0, index + 1).reduce<Outcome>((sum, [, , trouble]) => ({ ...sum, ...trouble }), good);
      expect(judge(outcome)).toMatchObject({ verdict, reason });
    },
  );

  it('calls a violation after the fault not recovered', () => {
    expect(judge({ ...good, hypothesis: [record('after', 'violated')] })).toMatchObject({
      verdict: 'Failed',
      reason: 'NotRecovered',
    });
  });

  it('finds no dose where none was reported', () => {
    expect(judge({ ...good, dose: [] })).toMatchObject({ verdict: 'Inconclusive', reason: 'NoDose' });
  });

  it('asks no dose of a run without a fault', () => {
    expect(judge({ ...good, hasFault: false, touched: false, dose: [] })).toMatchObject({ verdict: 'Passed' });
  });
});
