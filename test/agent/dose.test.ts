import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/api/index.ts';
import { measureDose } from '../../src/agent/dose.ts';

const delay = (delayMs: number, jitterMs = 0): Fault => ({ type: 'delay', delayMs, jitterMs, distribution: 'uniform' });
const loss = (percent: number, burst = 1): Fault => ({ type: 'loss', percent, burst });
const around = (value: number, n = 20, spread = 0.5) =>
  Array.from({ length: n }, (_, index) => value + spread * (index / (n - 1) - 0.5));
const met = { packets: 100, drops: 0, offered: 100 };
const pings = (active: number[], baseline = around(1, 10)) => ({ baseline: { a: baseline }, active: { a: active } });

describe('the dose of a delay', () => {
  it('is the median of what was added to each peer’s own baseline', () => {
    const facts = {
      pings: {
        baseline: { near: around(1, 10, 0), far: around(40, 10, 0) },
        active: { near: around(201, 20, 0), far: around(240, 20, 0) },
      },
      counters: met,
    };
    expect(measureDose(delay(200), facts)).toEqual({
      requested: { value: 200, unit: 'ms' },
      measured: { value: 200, low: 200, high: 200, unit: 'ms' },
      samples: 40,
      source: 'probe',
      ok: true,
    });
  });

  it.each([
    { requested: 200, added: 200, ok: true },
    { requested: 200, added: 209, ok: true },
    { requested: 200, added: 215, ok: false },
    { requested: 200, added: 0, ok: false },
    { requested: 200, added: 400, ok: false },
    { requested: 5, added: 6.5, ok: true },
    { requested: 5, added: 9, ok: false },
  ])('of $requested ms that added $added ms is ok: $ok', ({ requested, added, ok }) => {
    expect(measureDose(delay(requested), { pings: pings(around(1 + added)), counters: met })?.ok).toBe(ok);
  });

  it('is none when no packet met the gate, whatever the pings say', () => {
    expect(measureDose(delay(200), { pings: pings(around(201)), counters: { ...met, packets: 0 } })?.ok).toBe(false);
  });

  it('is not shown by a few pings, and not measured by none or by a peer that never answered before', () => {
    expect(measureDose(delay(200), { pings: pings(around(201, 4)), counters: met })?.ok).toBe(false);
    expect(measureDose(delay(200), { pings: pings([]), counters: met })).toBeUndefined();
    expect(measureDose(delay(200), { pings: pings(around(201), []), counters: met })).toBeUndefined();
    expect(measureDose(delay(200), { counters: met })).toBeUndefined();
  });

  it('allows for jitter by its interval: few samples are wide, many are narrow', () => {
    const wide = measureDose(delay(200, 50), { pings: pings(around(221, 6, 100)), counters: met });
    const narrow = measureDose(delay(200, 50), { pings: pings(around(221, 2000, 100)), counters: met });
    expect([wide?.ok, narrow?.ok]).toEqual([true, false]);
  });
});

describe('the dose of a loss', () => {
  it.each([
    { percent: 30, drops: 300, offered: 1000, ok: true },
    { percent: 30, drops: 270, offered: 1000, ok: true },
    { percent: 30, drops: 200, offered: 1000, ok: false },
    { percent: 10, drops: 300, offered: 1000, ok: false },
    { percent: 1, drops: 0, offered: 50, ok: false },
    { percent: 100, drops: 10, offered: 10, ok: true },
    { percent: 30, drops: 0, offered: 0, ok: false },
  ])('of $percent % that dropped $drops of $offered is ok: $ok', ({ percent, drops, offered, ok }) => {
    expect(measureDose(loss(percent), { counters: { packets: offered, drops, offered } })?.ok).toBe(ok);
  });

  it('is reported with its 95 % interval', () => {
    const dose = measureDose(loss(30), { counters: { packets: 100, drops: 30, offered: 100 } });
    expect(dose).toMatchObject({ samples: 100, source: 'counters', measured: { value: 30, unit: '%' } });
    expect(dose?.measured.low).toBeCloseTo(21.89, 1);
    expect(dose?.measured.high).toBeCloseTo(39.58, 1);
  });

  it('in bursts is judged by fewer effective packets', () => {
    const counters = { packets: 1000, drops: 170, offered: 1000 };
    expect(measureDose(loss(10), { counters })?.ok).toBe(false);
    expect(measureDose(loss(10, 5), { counters })?.ok).toBe(true);
  });
});

it('the dose of a fault that nothing measures yet is absent', () => {
  expect(measureDose({ type: 'partition' }, { counters: met })).toBeUndefined();
});
