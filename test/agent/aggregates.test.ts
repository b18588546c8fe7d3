import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { SecondAggregate } from '../../src/api/index.ts';
import { appendSeconds, fitAggregates } from '../../src/agent/aggregates.ts';

const second = (at: number, extra = 0): SecondAggregate => ({
  second: at,
  sent: 5,
  lost: 0,
  sumMs: 5,
  minMs: 1,
  maxMs: 1,
  stepSumMs: 0,
  steps: 4,
  buckets: Object.fromEntries(Array.from({ length: extra + 1 }, (_, index) => [String(index), 1])),
});

it('a status shows the newest 20 seconds of a stream, oldest first', () => {
  let shown: SecondAggregate[] = [];
  for (let at = 0; at < 300; at += 1) shown = appendSeconds(shown, [second(at)]);
  expect(shown.map((one) => one.second)).toEqual(Array.from({ length: 20 }, (_, index) => index + 280));
});

it('the seconds of all streams together never exceed what a status may hold, and the newest stay', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 0, max: 20 }),
      fc.integer({ min: 2000, max: 60_000 }),
      (streams, extra, most) => {
        const all = Object.fromEntries(
          Array.from({ length: streams }, (_, index) => [
            `stream ${String(index)}`,
            Array.from({ length: 120 }, (__, at) => second(at, extra)),
          ]),
        );
        const fitted = fitAggregates(all, most);
        if (JSON.stringify(fitted).length > most)
          expect(Object.values(fitted).every((seconds) => seconds.length === 0)).toBe(true);
        for (const seconds of Object.values(fitted)) if (seconds.length > 0) expect(seconds.at(-1)?.second).toBe(119);
        expect(Object.keys(fitted)).toHaveLength(streams);
      },
    ),
    { numRuns: 30 },
  );
});
