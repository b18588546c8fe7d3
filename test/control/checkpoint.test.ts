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
  it('and the newest 20 seconds show a window as one process would have seen it, however often it is taken over', () => {
    const script = fc.record({
      aggregates: fc.array(aggregateArbitrary, { minLength: 30, maxLength: 120 }),
      fromMs: fc.integer({ min: 0, max: 3000 }),
      /** Seconds until the next takeover, the last few of them after the last checkpoint; 0: at once. */
      lives: fc.array(fc.record({ seconds: fc.nat(40), unsaved: fc.nat(15) }), { minLength: 1, maxLength: 6 }),
    });
    fc.assert(
      fc.property(script, ({ aggregates, fromMs, lives }) => {
        const seconds = aggregates.map((one, index): SecondAggregate => ({ second: index, stepSumMs: 0, steps: 0, ...one }));
        const window = { from: fromMs };
        const one: Measurements = new Map();
        for (let at = 1; at <= seconds.length; at += 1) collect(one, tasksShowing(seconds.slice(0, at)));

        let measurements: Measurements = new Map();
        let measuredUpTo: MeasuredUpTo = new Map();
        let now = 1;
        for (const { seconds: length, unsaved } of [...lives, { seconds: seconds.length, unsaved: 0 }]) {
          const end = Math.min(now + length, seconds.length);
          let checkpoint = checkpointOf(measurements, measuredUpTo, [stream], window);
          for (; now <= end; now += 1) {
            collect(measurements, tasksShowing(seconds.slice(0, now)), measuredUpTo);
            if (now <= end - unsaved) checkpoint = checkpointOf(measurements, measuredUpTo, [stream], window);
          }
          now = end;
          if (end === seconds.length) break;
          measurements = new Map();
          measuredUpTo = new Map();
          // As it comes out of the store.
          if (checkpoint) restore(measurements, measuredUpTo, JSON.parse(JSON.stringify(checkpoint)) as typeof checkpoint);
          collect(measurements, tasksShowing(seconds.slice(0, now)), measuredUpTo);
          expect(unmeasuredPhases(measurements, [stream], { during: window }, measuredUpTo, now * 1000)).toEqual([]);
        }
        expect(observeWindow(measurements, [stream], window)).toEqual(observeWindow(one, [stream], window));
      }),
      { numRuns: 500 },
    );
  });

  it('is of the window alone, and there is none of nothing', () => {
    const measurements: Measurements = new Map();
    const one = { sent: 5, lost: 0, sumMs: 5, minMs: 1, maxMs: 1, stepSumMs: 0, steps: 0, buckets: { '346': 5 } };
    collect(measurements, tasksShowing([4, 5, 6, 7].map((second) => ({ second, ...one }))));
    expect(checkpointOf(measurements, new Map(), [stream], { from: 4500, to: 7500 })).toMatchObject({
      s: { upTo: 7, sum: { second: 5, sent: 10 } },
    });
    expect(checkpointOf(measurements, new Map(), [stream], { from: 20_000 })).toBeUndefined();
  });
});
