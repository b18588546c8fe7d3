import { expect, it } from 'vitest';
import { createIntake } from '../../../../src/observers/collector/worker/intake.ts';

it('counts every datagram, and rejects by source, length and rate, in this order', () => {
  const intake = createIntake({ allow: ['10.0.0.0/8'], mostDatagramBytes: 1400, mostDatagramsPerSecondOfSource: 2 });
  const cases = [
    ['10.0.0.1', 1400, 0, true],
    ['::ffff:192.0.2.1', 9000, 0, false],
    ['10.0.0.1', 1401, 0, false],
    ['10.0.0.1', 0, 500, true],
    ['10.0.0.1', 100, 999, false],
    ['10.0.0.2', 100, 999, true],
    ['10.0.0.1', 100, 1000, true],
  ] as const;
  for (const [source, bytes, nowMs, accepted] of cases)
    expect([source, bytes, nowMs, intake.accepts(source, bytes, nowMs)]).toEqual([source, bytes, nowMs, accepted]);
  expect(intake.counters()).toEqual({
    datagrams: 7,
    bytes: 1400 + 9000 + 1401 + 300,
    rejected: { source: 1, tooLong: 1, rate: 1 },
    lastRejectedSource: '192.0.2.1',
  });
});

it('rejects nothing by rate where no rate is given', () => {
  const intake = createIntake({ allow: [], mostDatagramBytes: 1400 });
  for (let count = 0; count < 10_000; count += 1) intake.accepts('192.0.2.1', 100, 0);
  expect(intake.counters()).toMatchObject({ datagrams: 10_000, rejected: { source: 0, tooLong: 0, rate: 0 } });
});
