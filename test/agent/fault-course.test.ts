import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { courseAt, faultAt } from '../../src/agent/fault-course.ts';
import type { FaultWork } from '../../src/api/index.ts';
import { work } from '../faults/works.ts';

const delayOf = (delayMs: number): FaultWork['effect'] => ({ type: 'delay', delayMs, jitterMs: 0, distribution: 'uniform' });
const ramp: FaultWork = {
  ...work('ramp', delayOf(100)),
  steps: [
    { atMs: 10_000, effect: delayOf(300) },
    { atMs: 20_000, effect: delayOf(50) },
  ],
};
const pulse = { activeMs: 5000, idleMs: 2000 };

describe('the course of a fault', () => {
  it.each([
    ['of one without a course never changes', {}, 1e9, { step: 0, acts: true }],
    ['begins with its effect', ramp, 0, { step: 0, acts: true, nextInMs: 10_000 }],
    ['is the step that has just come', ramp, 10_000, { step: 1, acts: true, nextInMs: 10_000 }],
    ['stays at its last step', ramp, 1e9, { step: 2, acts: true }],
    ['acts first where it pulses', { pulse }, 4999, { step: 0, acts: true, nextInMs: 1 }],
    ['rests then', { pulse }, 5000, { step: 0, acts: false, nextInMs: 2000 }],
    ['acts again', { pulse }, 7000, { step: 0, acts: true, nextInMs: 5000 }],
    ['counts steps on while it rests', { ...ramp, pulse }, 26_000, { step: 2, acts: false, nextInMs: 2000 }],
    ['names whichever change comes first', { ...ramp, pulse }, 8000, { step: 0, acts: true, nextInMs: 2000 }],
  ])('%s', (_title, fault, elapsedMs, expected) => {
    expect(courseAt(fault, elapsedMs)).toEqual(expected);
  });

  it('says when the next change is: not before, and then', () => {
    const times = fc.uniqueArray(fc.integer({ min: 1000, max: 100_000 }), { maxLength: 20 });
    const pulses = fc.option(
      fc.record({ activeMs: fc.integer({ min: 1000, max: 9000 }), idleMs: fc.integer({ min: 1000, max: 9000 }) }),
      { nil: undefined },
    );
    fc.assert(
      fc.property(
        times,
        pulses,
        fc.integer({ min: 0, max: 200_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (at, turns, now, share) => {
          const steps = at.toSorted((a, b) => a - b).map((atMs) => ({ atMs, effect: delayOf(atMs) }));
          const stateAt = (elapsedMs: number) => {
            const { step, acts } = courseAt({ steps, pulse: turns }, elapsedMs);
            return { step, acts };
          };
          const { nextInMs } = courseAt({ steps, pulse: turns }, now);
          expect(stateAt(now + share * (nextInMs ?? 1e9))).toEqual(stateAt(now));
          if (nextInMs !== undefined) expect(stateAt(now + nextInMs)).not.toEqual(stateAt(now));
        },
      ),
    );
  });

  it('leaves the fault of a step without a course, and otherwise as it was', () => {
    const { steps: _steps, ...plain } = ramp;
    expect(faultAt({ ...ramp, pulse }, 0)).toEqual(plain);
    expect(faultAt(ramp, 2)).toEqual({ ...plain, effect: delayOf(50) });
  });
});
