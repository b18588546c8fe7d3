import { CronExpression } from 'cron-parser';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readTimetable, type Timetable } from '../../src/scheduler/index.ts';

function timetable(schedule: string, timeZone = 'UTC', seed = 'shop/nightly'): Timetable {
  const read = readTimetable({ schedule, timeZone }, seed);
  if (!read.ok) throw new Error(read.message);
  return read.timetable;
}

function ticks(schedule: string, timeZone: string, from: string, count: number): string[] {
  const { next } = timetable(schedule, timeZone);
  const found: string[] = [];
  let at: number | undefined = Date.parse(from);
  while (found.length < count && (at = next(at)) !== undefined) found.push(new Date(at).toISOString().replace('.000Z', 'Z'));
  return found;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a timetable', () => {
  it.each([
    ['a nightly run', '30 2 * * 1-5', 'UTC', '2026-11-27T00:00:00Z', ['2026-11-27T02:30:00Z', '2026-11-30T02:30:00Z']],
    ['an hour of another zone', '0 9 * * *', 'Asia/Kolkata', '2026-01-01T00:00:00Z', ['2026-01-01T03:30:00Z']],
    ['seconds as a sixth, first field', '*/20 * * * * *', 'UTC', '2026-01-01T00:00:00Z', ['2026-01-01T00:00:20Z']],
    ['a step from a number', '5/25 * * * *', 'UTC', '2026-01-01T00:06:00Z', ['2026-01-01T00:30:00Z', '2026-01-01T00:55:00Z']],
    ['a leap day', '0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z', ['2028-02-29T00:00:00Z', '2032-02-29T00:00:00Z']],
    ['the last day of a month', '0 0 L * *', 'UTC', '2026-02-01T00:00:00Z', ['2026-02-28T00:00:00Z', '2026-03-31T00:00:00Z']],
    [
      'a day of the month or of the week',
      '0 0 13 * 5',
      'UTC',
      '2026-02-01T00:00:00Z',
      ['2026-02-06T00:00:00Z', '2026-02-13T00:00:00Z'],
    ],
    ['Sunday as 7', '0 0 * * 7', 'UTC', '2026-02-01T00:00:00Z', ['2026-02-08T00:00:00Z']],
    ['@midnight', '@midnight', 'Europe/Berlin', '2026-06-01T00:00:00Z', ['2026-06-01T22:00:00Z']],
    ['@hourly', '@hourly', 'UTC', '2026-06-01T00:00:00Z', ['2026-06-01T01:00:00Z']],
  ])('knows %s', (_what, schedule, zone, from, expected) => {
    expect(ticks(schedule, zone, from, expected.length)).toEqual(expected);
  });

  // The first rows are what cron-parser by itself gets wrong.
  it.each([
    [
      'New York, gap of an hour',
      '30 2 * * *',
      'America/New_York',
      '2026-03-07T12:00:00Z',
      ['2026-03-08T07:00:00Z', '2026-03-09T06:30:00Z'],
    ],
    [
      'Lord Howe, gap of half an hour',
      '15 2 * * *',
      'Australia/Lord_Howe',
      '2026-10-03T00:00:00Z',
      ['2026-10-03T15:30:00Z', '2026-10-04T15:15:00Z'],
    ],
    [
      'every second hour over the gap',
      '15 */2 * * *',
      'America/New_York',
      '2026-03-08T05:00:00Z',
      ['2026-03-08T05:15:00Z', '2026-03-08T07:00:00Z', '2026-03-08T08:15:00Z'],
    ],
    [
      'a time that exists twice',
      '30 1 * * *',
      'America/New_York',
      '2026-10-31T12:00:00Z',
      ['2026-11-01T05:30:00Z', '2026-11-02T06:30:00Z'],
    ],
    [
      'twice an hour that exists twice',
      '*/30 1 * * *',
      'America/New_York',
      '2026-10-31T12:00:00Z',
      ['2026-11-01T05:00:00Z', '2026-11-01T05:30:00Z', '2026-11-02T06:00:00Z'],
    ],
    [
      'several times in one gap',
      '*/10 2 * * *',
      'Europe/Berlin',
      '2026-03-28T12:00:00Z',
      ['2026-03-29T01:00:00Z', '2026-03-30T00:00:00Z'],
    ],
    [
      'a gap that begins at midnight',
      '30 0 * * *',
      'Africa/Cairo',
      '2026-04-23T12:00:00Z',
      ['2026-04-23T22:00:00Z', '2026-04-24T21:30:00Z'],
    ],
    [
      'a day that a zone left out',
      '0 12 * * *',
      'Pacific/Apia',
      '2011-12-29T23:00:00Z',
      ['2011-12-30T10:00:00Z', '2011-12-30T22:00:00Z'],
    ],
  ])('keeps the rule: %s', (_what, schedule, zone, from, expected) => {
    expect(ticks(schedule, zone, from, expected.length)).toEqual(expected);
  });

  it.each([
    ['* * * *', 'expected 5 cron fields'],
    ['', 'expected 5 cron fields'],
    ['* * * * * * *', 'expected 5 cron fields'],
    ['@reboot', 'expected 5 cron fields'],
    ['99 * * * *', 'got value 99 expected range 0-59'],
    ['* * * * MOO', 'cannot resolve alias "moo"'],
    ['0 0 15W * *', 'Invalid characters'],
    ['0 0 30 2 *', 'expected'],
  ])('refuses %j', (schedule, message) => {
    const read = readTimetable({ schedule, timeZone: 'UTC' }, 'shop/nightly');
    expect(read).toMatchObject({ ok: false, message: expect.stringContaining(message) as string });
  });

  it('draws H from the seed, the same every time', () => {
    const draw = (seed: string) => timetable('H H * * *', 'UTC', seed).next(0);
    expect(draw('shop/a')).toBe(draw('shop/a'));
    expect(new Set(['a', 'b', 'c', 'd', 'e'].map(draw)).size).toBeGreaterThan(1);
  });

  const zones = [
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Africa/Casablanca',
    'America/Santiago',
    'Asia/Kolkata',
  ];
  const days = [
    ...[
      '2026-03-08',
      '2026-03-29',
      '2026-04-05',
      '2026-09-06',
      '2026-10-04',
      '2026-10-25',
      '2026-11-01',
      '2026-02-15',
      '2026-03-22',
    ],
    '2026-07-01',
  ];

  it('ticks once for each local time that an hour and a minute name, by a look at the clock every five minutes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom(...days),
        fc.uniqueArray(fc.constantFrom(0, 5, 15, 30, 45, 55), { minLength: 1, maxLength: 3 }),
        fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 }),
        (zone, day, minutes, hours) => {
          const from = Date.parse(`${day}T00:00:00Z`) - 24 * 3_600_000;
          const to = from + 72 * 3_600_000;
          const expected = ticksByTheClock(zone, minutes, hours, from, to);
          const { next, latest } = timetable(`${minutes.join(',')} ${hours.join(',')} * * *`, zone);
          const found: number[] = [];
          for (let at = next(from); at !== undefined && at <= to; at = next(at)) found.push(at);
          expect(found).toEqual(expected);
          for (let at = from; at <= to; at += 65 * 60_000) {
            const newest = expected.findLast((tick) => tick <= at);
            if (newest !== undefined) expect(latest(at)).toBe(newest);
          }
        },
      ),
      { numRuns: 40 },
    );
  }, 60_000);

  it('answers with one step of the expression, whatever the distance', () => {
    const { next, latest } = timetable('* * * * * *', 'Europe/Berlin');
    const steps = [vi.spyOn(CronExpression.prototype, 'next'), vi.spyOn(CronExpression.prototype, 'prev')];
    next(0);
    latest(Date.parse('2026-10-25T01:30:00Z'));
    next(Date.parse('2026-10-25T01:30:00Z'));
    expect(steps.flatMap((spy) => spy.mock.calls)).toHaveLength(3);
  });
});

/** The rule in its simplest form: look at the clock every five minutes, and tick when a named time is shown, or was jumped over. */
function ticksByTheClock(timeZone: string, minutes: number[], hours: number[], from: number, to: number): number[] {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  const stepMs = 5 * 60_000;
  const wallAt = (instant: number) => Date.parse(`${format.format(instant).replace(' ', 'T')}Z`);
  const isNamed = (wall: number) =>
    minutes.includes(new Date(wall).getUTCMinutes()) && hours.includes(new Date(wall).getUTCHours());
  const found: number[] = [];
  let shown = wallAt(from);
  for (let instant = from + stepMs; instant <= to; instant += stepMs) {
    const wall = wallAt(instant);
    let named = false;
    for (let passed = shown + stepMs; passed <= wall; passed += stepMs) named ||= isNamed(passed);
    if (named) found.push(instant);
    shown = Math.max(shown, wall);
  }
  return found;
}
