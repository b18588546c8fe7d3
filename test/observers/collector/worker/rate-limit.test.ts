import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createRateLimit } from '../../../../src/observers/collector/worker/rate-limit.ts';

it('lets no source have more than its rate in any second that began with a datagram', () => {
  const arrivals = fc.array(fc.record({ source: fc.constantFrom('a', 'b'), afterMs: fc.nat(400) }), { maxLength: 200 });
  fc.assert(
    fc.property(arrivals, fc.integer({ min: 1, max: 5 }), (datagrams, perSecond) => {
      const isWithinRate = createRateLimit(perSecond);
      let [nowMs, beganAt] = [0, Number.NEGATIVE_INFINITY];
      const counts = new Map<string, number>();
      for (const { source, afterMs } of datagrams) {
        nowMs += afterMs;
        if (nowMs - beganAt >= 1000) {
          beganAt = nowMs;
          counts.clear();
        }
        const count = counts.get(source) ?? 0;
        expect(isWithinRate(source, nowMs)).toBe(count < perSecond);
        counts.set(source, count + 1);
      }
    }),
  );
});

it('counts sources beyond 4096 together, and none of those before by them', () => {
  const isWithinRate = createRateLimit(3);
  const answers = Array.from({ length: 5000 }, (_, index) => isWithinRate(`source ${index}`, 0));
  expect(answers.filter(Boolean)).toHaveLength(4096 + 3);
  expect([isWithinRate('source 0', 999), isWithinRate('source 4999', 999), isWithinRate('source 4999', 1000)]).toEqual([
    true,
    false,
    true,
  ]);
});
