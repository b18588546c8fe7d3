import { describe, expect, it } from 'vitest';
import type { Direction, Fault } from '../../src/api/index.ts';
import { type SeenShaping, seeShaping } from '../../src/agent/dose-by-counters.ts';
import { measureDose } from '../../src/agent/dose.ts';

const outgoing = (effect: Fault) => ({ effect, direction: 'egress' as const });
const delay = (delayMs: number, jitterMs = 0) => outgoing({ type: 'delay', delayMs, jitterMs, distribution: 'uniform' });
const loss = (percent: number, burst = 1) => outgoing({ type: 'loss', percent, burst });
const around = (value: number, n = 20, spread = 0.5) =>
  Array.from({ length: n }, (_, index) => value + spread * (index / (n - 1) - 0.5));
const met = { packets: 100, drops: 0, offered: 100 };
const pings = (active: number[], baseline = around(1, 10), lost = 0, duplicates = 0) => ({
  baseline: { a: baseline },
  active: { a: active },
  counts: { a: { answered: active.length, lost, duplicates } },
});

describe('the dose of a delay', () => {
  it('is the median of what was added to each peer’s own baseline', () => {
    const facts = {
      pings: {
        baseline: { near: around(1, 10, 0), far: around(40, 10, 0) },
        active: { near: around(201, 20, 0), far: around(240, 20, 0) },
        counts: {},
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

describe('the dose of a partition', () => {
  it('is all of what was offered', () => {
    const partition = outgoing({ type: 'partition' });
    expect(measureDose(partition, { counters: { packets: 9, drops: 9, offered: 9 } })).toMatchObject({
      requested: { value: 100, unit: '%' },
      ok: true,
    });
    expect(measureDose(partition, { counters: { packets: 900, drops: 800, offered: 900 } })?.ok).toBe(false);
  });
});

describe('the dose of a fault in both directions', () => {
  const both = (effect: Fault) => ({ effect, direction: 'both' as const });

  it('is that of one pass, since a ping and its answer pass once each', () => {
    const dose = measureDose(both({ type: 'delay', delayMs: 100, jitterMs: 0, distribution: 'uniform' }), {
      pings: pings(around(201)),
      counters: met,
    });
    expect(dose).toMatchObject({ requested: { value: 100 }, ok: true });
    expect(dose?.measured.value).toBeCloseTo(100, 1);
  });

  it.each<[string, Fault, ReturnType<typeof pings>]>([
    ['corruption', { type: 'corrupt', percent: 10 }, pings(around(1, 81), around(1, 10), 19)],
    ['duplication', { type: 'duplicate', percent: 10 }, pings(around(1, 100), around(1, 10), 0, 21)],
    [
      'reordering',
      { type: 'reorder', percent: 50, gap: 1, delayMs: 20 },
      pings([...around(1, 25), ...around(21, 50), ...around(41, 25)]),
    ],
  ])('of %s is the share of passes', (_, effect, facts) => {
    const dose = measureDose(both(effect), { pings: facts, counters: met });
    const { value = NaN } = dose?.requested ?? {};
    expect(dose?.measured.value).toBeCloseTo(value, 5);
    expect(dose?.ok).toBe(true);
  });
});

describe('the dose of slots', () => {
  it.each([
    [25, true],
    [20, true],
    [30, true],
    [10, false],
    [40, false],
  ])('of 20 to 30 ms that added %i ms is ok: %s', (added, ok) => {
    const facts = { pings: pings(around(1 + added, 50, 1)), counters: met };
    expect(measureDose(outgoing({ type: 'slot', minMs: 20, maxMs: 30 }), facts)?.ok).toBe(ok);
  });
});

describe('the dose that pings show by their share', () => {
  it.each<[string, Fault, ReturnType<typeof pings>, boolean]>([
    ['10 % corrupted, 9 % lost', { type: 'corrupt', percent: 10 }, pings(around(1, 910), undefined, 90), true],
    ['10 % corrupted, none lost', { type: 'corrupt', percent: 10 }, pings(around(1, 200)), false],
    ['10 % corrupted, 30 % lost', { type: 'corrupt', percent: 10 }, pings(around(1, 140), undefined, 60), false],
    ['10 % duplicated, 12 % seen', { type: 'duplicate', percent: 10 }, pings(around(1, 100), undefined, 0, 12), true],
    ['10 % duplicated, none seen', { type: 'duplicate', percent: 10 }, pings(around(1, 100)), false],
    [
      '25 % ahead of 20 ms, a quarter seen',
      { type: 'reorder', percent: 25, gap: 1, delayMs: 20 },
      pings([...around(1, 25), ...around(21, 75)]),
      true,
    ],
    [
      'every fifth ahead, a fifth seen',
      { type: 'reorder', percent: 100, gap: 5, delayMs: 20 },
      pings([...around(1, 20), ...around(21, 80)]),
      true,
    ],
    [
      '12.5 % ahead of those after a gap of 5, which 25 % is, an eighth seen',
      { type: 'reorder', percent: 25, gap: 5, delayMs: 20 },
      pings([...around(1, 50), ...around(21, 350)]),
      true,
    ],
    ['90 % ahead, nothing held', { type: 'reorder', percent: 90, gap: 1, delayMs: 20 }, pings(around(1, 60)), false],
    ['25 % ahead, nothing held', { type: 'reorder', percent: 25, gap: 1, delayMs: 20 }, pings(around(1, 100)), false],
  ])('of %s is judged by its interval', (_, effect, facts, ok) => {
    expect(measureDose(outgoing(effect), { pings: facts, counters: met })?.ok).toBe(ok);
  });

  it.each<[Direction, number, boolean]>([
    ['egress', 84, true],
    ['egress', 40, false],
    ['ingress', 40, true],
    ['ingress', 10, false],
    ['both', 90, true],
    ['both', 30, false],
  ])('of a corrupted tenth, on %s, is ok where %i of 1000 pings are lost: %s', (direction, lost, ok) => {
    const facts = { pings: pings(around(1, 1000 - lost), undefined, lost), counters: met };
    const corrupt = { effect: { type: 'corrupt' as const, percent: 10 }, direction };
    expect(measureDose(corrupt, facts)?.ok).toBe(ok);
  });

  it('leaves out a peer that never answered', () => {
    const facts = { pings: pings([], [], 50), counters: met };
    expect(measureDose(outgoing({ type: 'corrupt', percent: 10 }), facts)).toBeUndefined();
  });
});

describe('the dose of a rate', () => {
  const rate = outgoing({ type: 'rate', bitsPerSecond: 8_000_000, latencyMs: 50 });
  const seen = (...looks: [at: number, bytes: number, waitingBytes: number][]) =>
    looks.reduce<SeenShaping>(
      (before, [at, bytes, waitingBytes]) => seeShaping(before, { 'eth0 2': { bytes, waitingBytes } }, at),
      {
        total: { bytes: 0, milliseconds: 0, looks: 0 },
      },
    ).total;

  it('is what got through while packets waited at both ends of a span', () => {
    const shaping = seen(
      [0, 0, 0],
      [1000, 500_000, 9000],
      [2000, 1_500_000, 9000],
      [3000, 2_500_000, 9000],
      [4000, 2_600_000, 0],
    );
    expect(measureDose(rate, { shaping })).toMatchObject({
      requested: { value: 8_000_000, unit: 'bit/s' },
      measured: { value: 8_000_000, unit: 'bit/s' },
      samples: 2,
      ok: true,
    });
  });

  it('is measured queue by queue, also where nothing left a queue in a span', () => {
    const looks = [
      [0, { 'eth0 2': { bytes: 0, waitingBytes: 9 }, 'sq 2': { bytes: 9_000_000, waitingBytes: 0 } }],
      [1000, { 'eth0 2': { bytes: 0, waitingBytes: 9 }, 'sq 2': { bytes: 9_000_000, waitingBytes: 9 } }],
      [2000, { 'eth0 2': { bytes: 2_000_000, waitingBytes: 9 }, 'sq 2': { bytes: 10_000_000, waitingBytes: 9 } }],
    ] as const;
    const start: SeenShaping = { total: { bytes: 0, milliseconds: 0, looks: 0 } };
    const { total } = looks.reduce((before, [at, counts]) => seeShaping(before, counts, at), start);
    expect(total).toEqual({ bytes: 3_000_000, milliseconds: 3000, looks: 3 });
    expect(measureDose(rate, { shaping: total })?.ok).toBe(true);
  });

  it('is not shown by traffic that never waited, nor right at another rate', () => {
    expect(measureDose(rate, { shaping: seen([0, 0, 0], [1000, 500_000, 0]) })).toMatchObject({ samples: 0, ok: false });
    expect(measureDose(rate, { shaping: seen([0, 0, 9000], [1000, 500_000, 9000]) })?.ok).toBe(false);
  });
});
