import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { memoryBytesPerTarget, type QueueDemand, queueLimits } from '../../src/faults/queue-limit.ts';
import { messageOf } from '../../src/lib/index.ts';

const demand = (delayMs: number, more: Partial<QueueDemand> = {}): QueueDemand => ({
  key: 'a',
  delayMs,
  packetBytes: 65_536,
  segmented: false,
  fixedBytes: 0,
  ...more,
});

describe('queueLimits', () => {
  it.each([
    ['nothing held back', demand(0), undefined, 1000],
    ['20 ms', demand(20), undefined, 1000],
    ['100 ms', demand(100), undefined, 3000],
    ['200 ms, which 256 MiB of super-packets bound', demand(200), undefined, 4096],
    ['200 ms of segments', demand(200, { segmented: true, packetBytes: 3000 }), undefined, 30_000],
    ['200 ms at a measured 1,000 packets a second', demand(200), 1000, 1000],
    ['10 s at a measured 100 packets a second', demand(10_000), 100, 1500],
  ])('holds %s', (_, one, packetsPerSecond, expected) => {
    expect(queueLimits([one], packetsPerSecond).get('a')).toBe(expected);
  });

  it('never promises more memory than a target may use, nor less room than the delay needs, and otherwise refuses with the numbers', () => {
    const fixedBytes = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 100_000_000 }));
    const one = fc.record({ delayMs: fc.integer({ min: 0, max: 60_000 }), segmented: fc.boolean(), fixedBytes });
    const demands = fc.array(one, { minLength: 1, maxLength: 15 });
    fc.assert(
      fc.property(demands, fc.option(fc.integer({ min: 1, max: 100_000 }), { nil: undefined }), (facts, packetsPerSecond) => {
        const all = facts.map((fact, index) =>
          demand(fact.delayMs, { ...fact, key: String(index), packetBytes: fact.segmented ? 3000 : 65_536 }),
        );
        try {
          const limits = queueLimits(all, packetsPerSecond);
          const bytes = all.reduce(
            (sum, { key, packetBytes, fixedBytes }) => sum + fixedBytes + packetBytes * (limits.get(key) ?? Number.NaN),
            0,
          );
          expect(bytes).toBeLessThanOrEqual(memoryBytesPerTarget);
          for (const { key, delayMs } of all) {
            expect(limits.get(key)).toBeGreaterThanOrEqual((delayMs / 1000) * (packetsPerSecond ?? 100));
          }
        } catch (error) {
          if (!messageOf(error).startsWith('DelayNeedsTooMuchMemory')) throw error;
          const needed = all.reduce(
            (sum, { delayMs, packetBytes, fixedBytes }) =>
              sum + fixedBytes + packetBytes * Math.max(128, (delayMs / 1000) * (packetsPerSecond ?? 100)),
            0,
          );
          expect(needed).toBeGreaterThan(memoryBytesPerTarget * 0.99);
        }
      }),
    );
  });
});
