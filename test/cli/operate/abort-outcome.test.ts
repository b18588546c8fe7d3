import { describe, expect, it } from 'vitest';
import type { Report } from '../../../src/api/index.ts';
import { describeAbort } from '../../../src/cli/operate/abort-outcome.ts';
import type { ExperimentStatus } from '../../../src/control/index.ts';

const statusWith = (residue: number, cleanedUp: 'True' | 'False', touched = true): ExperimentStatus =>
  ({
    verdict: residue === 0 ? 'Aborted' : 'Errored',
    reason: residue === 0 ? 'AbortRequested' : 'CleanUpIncomplete',
    residue,
    conditions: [{ type: 'CleanedUp', status: cleanedUp }],
    run: { touched },
  }) as ExperimentStatus;

const report = {
  targets: [{ cleanAt: '2026-03-01T00:00:02.000Z' }, {}, { cleanAt: '2026-03-01T00:00:01.000Z' }],
} as unknown as Report;

describe('the outcome of an abort', () => {
  it.each([
    ['a proven undo', statusWith(0, 'True'), report, true, /first target clean \S+:01.000Z, last \S+:02.000Z; residue 0$/],
    ['residue', statusWith(2, 'True'), report, false, /Errored \(CleanUpIncomplete\); .*; residue 2: the undo is not proven$/],
    ['a fault that may be in', statusWith(0, 'False'), report, false, /the undo is not proven$/],
    ['a run that touched nothing', statusWith(0, 'True', false), undefined, true, /nothing had been touched; residue 0$/],
    ['a lost journal', statusWith(0, 'True'), undefined, true, /when the targets were clean is not recorded; residue 0$/],
    ['a run without a status', undefined, undefined, false, /no verdict \(unknown\); .*the undo is not proven$/],
  ])('tells of %s', (_title, status, ofRun, undoProven, text) => {
    const outcome = describeAbort('shop/slow', status, ofRun);
    expect(outcome.undoProven).toBe(undoProven);
    expect(outcome.text).toMatch(text);
  });
});
