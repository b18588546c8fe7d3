import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeTask, ProbeStream, SecondAggregate } from '../../src/api/index.ts';
import { checkpointOf, type MeasuredUpTo, restore } from '../../src/control/checkpoint.ts';
import { collect, type Measurements, observeWindow, unmeasuredPhases } from '../../src/control/measurements.ts';

const stream: ProbeStream = {
  id: 's',
  hypothesis: 'reaches',
  podUid: 'a',
  protocol: 'icmp',
  address: '10.0.0.1',
  periodMs: 200,
  timeoutMs: 1000,
};

const aggregateArbitrary = fc
  .record({ sent: fc.integer({ min: 1, max: 5 }), lost: fc.nat(5), bucket: fc.integer({ min: 300, max: 310 }), minMs: fc.nat(9) })
  .map(({ sent, lost, bucket, minMs }) => {
    const answered = Math.max(0, sent - lost);
    return { sent, lost: sent - answered, sumMs: answered * minMs, minMs, maxMs: minMs + 1, buckets: { [bucket]: answered } };
  });

function tasksShowing(seconds: readonly SecondAggregate[]): NodeTask[] {
  return [{ status: { aggregates: { s: seconds.slice(-20) } } } as unknown as NodeTask];
}

describe('a checkpoint', () => {
  it('and the newest 20 seconds show a window as the process before would have seen it', () => {
    const script = fc.record({
      aggregates: fc.array(aggregateArbitrary, { minLength: 30, maxLength: 120 }),
      fromMs: fc.integer({ min: 0, max: 3000 }),
      checkpointAfter: fc.integer({ min: 1, max: 100 }),
      lost: fc.integer({ min: 0, max: 15 }),
    });
    fc.assert(
      fc.property(script, ({ aggregates, fromMs, checkpointAfter, lost }) => {
        const seconds = aggregates.map((one, index): SecondAggregate => ({ second: index, stepSumMs: 0, steps: 0, ...one }));
        const window = { from: fromMs };
        const before: Measurements = new Map();
        const seen = Math.min(checkpointAfter, seconds.length);
        for (let at = 1; at <= seen; at += 1) collect(before, tasksShowing(seconds.slice(0, at)));
        const checkpoint = checkpointOf(before, [stream], window);

        const after: Measurements = new Map();
        const measuredUpTo: MeasuredUpTo = new Map();
        // As it comes out of the store.
        if (checkpoint) restore(after, measuredUpTo, JSON.parse(JSON.stringify(checkpoint)) as typeof checkpoint);
        const takenOverAt = Math.min(seen + lost, seconds.length);
        collect(after, tasksShowing(seconds.slice(0, takenOverAt)), measuredUpTo);
        expect(unmeasuredPhases(after, [stream], { during: window }, measuredUpTo, takenOverAt * 1000)).toEqual([]);
        for (let at = takenOverAt; at <= seconds.length; at += 1) {
          collect(after, tasksShowing(seconds.slice(0, at)), measuredUpTo);
          collect(before, tasksShowing(seconds.slice(0, at)));
        }
        for (let at = seen; at <= seconds.length; at += 1) collect(before, tasksShowing(seconds.slice(0, at)));
        expect(observeWindow(after, [stream], window)).toEqual(observeWindow(before, [stream], window));
      }),
    );
  });

  it('is of the window alone, and there is none of nothing', () => {
    const measurements: Measurements = new Map();
    const one = { sent: 5, lost: 0, sumMs: 5, minMs: 1, maxMs: 1, stepSumMs: 0, steps: 0, buckets: { '346': 5 } };
    collect(measurements, tasksShowing([4, 5, 6, 7].map((second) => ({ second, ...one }))));
    expect(checkpointOf(measurements, [stream], { from: 4500, to: 7500 })).toMatchObject({
      s: { upTo: 7, sum: { second: 5, sent: 10 } },
    });
    expect(checkpointOf(measurements, [stream], { from: 20_000 })).toBeUndefined();
  });
});
