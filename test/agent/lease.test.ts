import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernelTimeoutMs, leaseLeftMs, renewalDueInMs, type SeenLease, seeLease, whyOver } from '../../src/agent/lease.ts';

const at = (milliseconds: number) => new Date(milliseconds).toISOString();
const lease = (renewedAt: number, holder = 'control') => ({
  renewTime: at(renewedAt),
  leaseDurationSeconds: 30,
  holderIdentity: holder,
});

describe('seeLease', () => {
  const skews = [-12, -2, 0, 2, 12].map((hours) => ({ hours, skew: 1e9 + hours * 3_600_000 }));

  it.each(skews)('counts from when it saw the first renewal, by a clock that is $hours hours off', ({ skew }) => {
    expect(leaseLeftMs(seeLease(undefined, lease(skew), 'live', 5000), 15_000)).toBe(20_000);
  });

  it.each(skews)('counts on nothing that it only found, until that is renewed, by a clock $hours hours off', ({ skew }) => {
    const found = seeLease(undefined, lease(skew), 'earlier', 5000);
    expect(leaseLeftMs(found, 5000)).toBe(0);
    expect(leaseLeftMs(seeLease(found, lease(skew), 'live', 6000), 6000)).toBe(0);
    // Made ten seconds after one that was there at 5000: at 15100 at the latest, whenever it is seen.
    expect(leaseLeftMs(seeLease(found, lease(skew + 10_000), 'live', 12_000), 12_000)).toBe(30_000);
    expect(leaseLeftMs(seeLease(found, lease(skew + 10_000), 'earlier', 40_000), 40_000)).toBeCloseTo(5100, 0);
  });

  it.each([
    [{}],
    [{ renewTime: 'yesterday', leaseDurationSeconds: 30 }],
    [{ leaseDurationSeconds: 30 }],
    [{ renewTime: at(1000) }],
  ])('counts on nothing when it sees %j', (spec) => {
    expect(leaseLeftMs(seeLease(undefined, spec, 'live', 1000), 1000)).toBe(0);
    expect(seeLease(seeLease(undefined, lease(0), 'live', 0), spec, 'live', 1000)).toBeUndefined();
  });

  it('counts a renewal that reached us late from when it was made, although the clocks differ by an hour', () => {
    const first = seeLease(undefined, lease(3_600_000), 'live', 0);
    const late = seeLease(first, lease(3_601_000), 'live', 25_000);
    const left = leaseLeftMs(late, 25_000);
    expect(left).toBeGreaterThanOrEqual(6_000);
    expect(left).toBeLessThanOrEqual(6_010);
  });

  it('does not take the same renewal for a new one', () => {
    const first = seeLease(undefined, lease(0), 'live', 0);
    expect(leaseLeftMs(seeLease(first, lease(0), 'live', 29_000), 29_000)).toBe(1000);
  });

  it.each([
    ['the renewer’s clock is set back', lease(500_000)],
    ['another renewer takes over, whose clock is a little behind', lease(1_000_100, 'next')],
    ['another renewer takes over, whose clock is hours ahead', lease(9_000_000, 'next')],
  ])('goes on from when it sees the next renewal when %s', (_, next) => {
    const first = seeLease(undefined, lease(1_000_000), 'live', 0);
    expect(leaseLeftMs(seeLease(first, next, 'live', 25_000), 25_000)).toBe(30_000);
    // Not so when it may have been made long ago: then nothing is won, and nothing lost.
    expect(leaseLeftMs(seeLease(first, next, 'earlier', 25_000), 25_000)).toBe(5000);
  });

  const hours = fc.integer({ min: -12 * 3_600_000, max: 12 * 3_600_000 });

  it('never outlasts the last renewal by more than the lease and 1 %, whatever the delays of seeing them and the clocks', () => {
    const renewals = fc.array(
      fc.record({ every: fc.integer({ min: 1, max: 20_000 }), delay: fc.integer({ min: 0, max: 60_000 }) }),
      { minLength: 1, maxLength: 30 },
    );
    fc.assert(
      fc.property(renewals, hours, fc.constantFrom('live' as const, 'earlier' as const), (steps, skew, first) => {
        let made = 0;
        let seenAt = 0;
        let seen: SeenLease | undefined;
        for (const { every, delay } of steps) {
          made += every;
          // The first is seen at once: nothing else bounds its age.
          seenAt = Math.max(seenAt, made + (seen === undefined ? 0 : delay));
          seen = seeLease(seen, lease(1e12 + made + skew), seen === undefined ? first : 'live', seenAt);
        }
        const end = seenAt + leaseLeftMs(seen, seenAt);
        expect(end).toBeLessThanOrEqual(Math.max(seenAt, made * 1.01 + 30_001));
      }),
    );
  });

  it('keeps two thirds of its time and more while it is renewed at a third and seen in time, though renewers with any clocks take turns', () => {
    const renewal = fc.record({ holder: fc.constantFrom('a', 'b', 'c'), delay: fc.integer({ min: 0, max: 900 }) });
    fc.assert(
      fc.property(fc.array(renewal, { minLength: 1, maxLength: 30 }), fc.tuple(hours, hours, hours), (steps, [a, b, c]) => {
        const skewOf: Record<string, number> = { a, b, c };
        let seen: SeenLease | undefined;
        steps.forEach(({ holder, delay }, index) => {
          const [made, seenAt] = [index * 10_000, index * 10_000 + delay];
          if (seen !== undefined) expect(leaseLeftMs(seen, seenAt)).toBeGreaterThan(18_000);
          seen = seeLease(seen, lease(1e12 + made + (skewOf[holder] ?? 0), holder), 'live', seenAt);
        });
      }),
    );
  });

  it('stays fresh for a day while renewals are seen in time, although the renewer’s clock runs half a per mille slow', () => {
    let seen: SeenLease | undefined;
    for (let monotonic = 0; monotonic < 86_400_000; monotonic += 10_000) {
      seen = seeLease(seen, lease(monotonic * 0.9995), 'live', monotonic);
      expect(leaseLeftMs(seen, monotonic)).toBeGreaterThan(29_000);
    }
  });
});

describe('whyOver', () => {
  it.each([
    { leaseLeftMs: 5000, notAfterLeftMs: 5000, why: undefined },
    { leaseLeftMs: 5000, notAfterLeftMs: 0, why: 'NotAfter' },
    { leaseLeftMs: 5000, notAfterLeftMs: 0.4, why: 'NotAfter' },
    { leaseLeftMs: 5000, notAfterLeftMs: -60_000, why: 'NotAfter' },
    { leaseLeftMs: 0.4, notAfterLeftMs: 5000, why: 'LeaseExpired' },
    { leaseLeftMs: 0, notAfterLeftMs: 5000, why: 'LeaseExpired' },
  ])('is $why with $leaseLeftMs ms of the run’s lease and $notAfterLeftMs ms until its end', ({ why, ...left }) => {
    expect(whyOver({ kernelLeaseMs: 3000, ...left })).toBe(why);
  });
});

describe('kernelTimeoutMs', () => {
  it('is the least of the three, whole and never negative', () => {
    const milliseconds = fc.double({ min: -1e6, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(milliseconds, milliseconds, milliseconds, (kernelLeaseMs, leaseLeft, notAfterLeftMs) => {
        const timeout = kernelTimeoutMs({ kernelLeaseMs, leaseLeftMs: leaseLeft, notAfterLeftMs });
        expect(timeout).toBeGreaterThanOrEqual(0);
        expect(Number.isInteger(timeout)).toBe(true);
        if (timeout > 0) expect(timeout).toBeLessThanOrEqual(Math.min(kernelLeaseMs, leaseLeft, notAfterLeftMs));
      }),
    );
  });
});

describe('renewalDueInMs', () => {
  it.each([
    { left: 30_000, possible: 30_000, due: 10_000, when: 'at a third of the lease' },
    { left: 20_000, possible: 30_000, due: 0, when: 'when a third is gone' },
    { left: 500, possible: 3000, due: 0, when: 'at once when a late renewal of the run lengthens it' },
    { left: 1000, possible: 1000, due: 333.33, when: 'not before it can be lengthened' },
  ])('is $due ms with $left left of $possible: $when', ({ left, possible, due }) => {
    expect(renewalDueInMs(left, possible)).toBeCloseTo(due, 1);
  });

  it('keeps the kernel’s lease from lapsing while the run’s is renewed at a third, whatever their lengths', () => {
    const seconds = fc.integer({ min: 3, max: 60 });
    fc.assert(
      fc.property(seconds, seconds, (kernelSeconds, runSeconds) => {
        const kernelLeaseMs = kernelSeconds * 1000;
        const runLeaseMs = runSeconds * 1000;
        let heldUntil = Math.min(kernelLeaseMs, runLeaseMs);
        let runUntil = runLeaseMs;
        let leastLeft = Infinity;
        for (let now = 0; now < 200_000; now += 50) {
          if (runUntil - now <= (2 / 3) * runLeaseMs) runUntil = now + runLeaseMs;
          leastLeft = Math.min(leastLeft, heldUntil - now);
          const possible = kernelTimeoutMs({ kernelLeaseMs, leaseLeftMs: runUntil - now, notAfterLeftMs: 1e9 });
          if (renewalDueInMs(heldUntil - now, possible) === 0) heldUntil = now + possible;
        }
        expect(leastLeft).toBeGreaterThanOrEqual(Math.min(kernelLeaseMs, runLeaseMs) / 3);
      }),
      { numRuns: 30 },
    );
  });
});
