import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernelTimeoutMs, leaseLeftMs, renewalDueInMs, type SeenLease, seeLease } from '../../src/agent/lease.ts';

const at = (milliseconds: number) => new Date(milliseconds).toISOString();
const lease = (renewedAt: number, seconds = 30) => ({ renewTime: at(renewedAt), leaseDurationSeconds: seconds });

describe('seeLease', () => {
  it('takes the age off at first sight, when there is nothing but the wall clock', () => {
    expect(leaseLeftMs(seeLease(undefined, lease(100_000), 110_000, 5000), 5000)).toBe(20_000);
    expect(leaseLeftMs(seeLease(undefined, lease(100_000), 300_000, 5000), 5000)).toBe(0);
    // A renewer whose clock is ahead gets no more than the lease.
    expect(leaseLeftMs(seeLease(undefined, lease(900_000), 300_000, 5000), 5000)).toBe(30_000);
  });

  it.each([[{}], [{ renewTime: 'yesterday', leaseDurationSeconds: 30 }], [{ leaseDurationSeconds: 30 }]])(
    'counts on nothing when it sees %j',
    (spec) => {
      expect(leaseLeftMs(seeLease(undefined, spec, 1000, 1000), 1000)).toBe(0);
    },
  );

  it('counts a renewal that reached us late from when it was made, although the clocks differ by an hour', () => {
    const first = seeLease(undefined, lease(3_600_000), 0, 0);
    const late = seeLease(first, lease(3_601_000), 25_000, 25_000);
    const left = leaseLeftMs(late, 25_000);
    expect(left).toBeGreaterThanOrEqual(6_000);
    expect(left).toBeLessThanOrEqual(6_010);
  });

  it('does not take the same renewal for a new one', () => {
    const first = seeLease(undefined, lease(0), 0, 0);
    expect(leaseLeftMs(seeLease(first, lease(0), 29_000, 29_000), 29_000)).toBe(1000);
  });

  it('goes on from now when the renewer’s clock is set back', () => {
    const first = seeLease(undefined, lease(1_000_000), 1_000_000, 0);
    expect(leaseLeftMs(seeLease(first, lease(500_000), 1_010_000, 10_000), 10_000)).toBe(30_000);
  });

  it('never outlasts the last renewal by more than the lease and 1 %, whatever the delays of seeing them', () => {
    const renewals = fc.array(
      fc.record({ every: fc.integer({ min: 1, max: 20_000 }), delay: fc.integer({ min: 0, max: 60_000 }) }),
      {
        minLength: 1,
        maxLength: 30,
      },
    );
    fc.assert(
      fc.property(renewals, fc.integer({ min: -3_600_000, max: 0 }), (steps, skew) => {
        let made = 0;
        let seenAt = 0;
        let seen: SeenLease | undefined;
        for (const { every, delay } of steps) {
          made += every;
          seenAt = Math.max(seenAt, made + (seen === undefined ? 0 : delay));
          seen = seeLease(seen, lease(10_000_000 + made + skew), 10_000_000 + seenAt, seenAt);
        }
        const end = seenAt + leaseLeftMs(seen, seenAt);
        expect(end).toBeLessThanOrEqual(Math.max(seenAt, made * 1.01 + 30_001));
      }),
    );
  });

  it('stays fresh for a day while renewals are seen in time, although the renewer’s clock runs half a per mille slow', () => {
    let seen: SeenLease | undefined;
    for (let monotonic = 0; monotonic < 86_400_000; monotonic += 10_000) {
      seen = seeLease(seen, lease(monotonic * 0.9995), monotonic, monotonic);
      expect(leaseLeftMs(seen, monotonic)).toBeGreaterThan(29_000);
    }
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
