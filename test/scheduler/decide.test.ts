import { CronExpression } from 'cron-parser';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { decide, type History, type Policy, readTimetable, type Timetable } from '../../src/scheduler/index.ts';

const minuteMs = 60_000;
const start = Date.parse('2026-06-01T10:00:00Z');

function timetable(schedule: string): Timetable {
  const read = readTimetable({ schedule, timeZone: 'UTC' }, 'shop/nightly');
  if (!read.ok) throw new Error(read.message);
  return read.timetable;
}
const everyMinute = timetable('* * * * *');

const forbid: Policy = { concurrencyPolicy: 'Forbid', suspend: false };
const allow: Policy = { concurrencyPolicy: 'Allow', suspend: false };
const replace: Policy = { concurrencyPolicy: 'Replace', suspend: false };
const halted: Policy = { ...allow, halted: 'everything is halted by ada' };
const fresh: History = { decidedUntil: start, wasSuspended: false, started: [], active: [] };
const busy: History = { ...fresh, active: [start - minuteMs] };

/** `1` is the first minute after the start. */
function outcomes(policy: Policy, history: History, minutes: number): string[] {
  const { ticks, replace: waits } = decide(everyMinute, policy, history, start + minutes * minuteMs);
  const told = ticks.map(
    ({ tick, outcome, reason, count }) =>
      `${String((tick - start) / minuteMs)} ${outcome} ${reason}${count === undefined ? '' : ` ${String(count)}`}`,
  );
  return waits ? [...told, 'replace'] : told;
}

describe('decide', () => {
  it.each<[string, Policy, History, number, string[]]>([
    ['nothing is due', allow, fresh, 0.5, []],
    ['a tick is due', allow, fresh, 1, ['1 Started OnTime']],
    ['a tick is late', allow, fresh, 1.5, ['1 Started MadeUp']],
    [
      'ticks were missed: only the newest is made up for',
      allow,
      fresh,
      3.5,
      ['1 Missed Superseded', '2 Missed Superseded', '3 Started MadeUp'],
    ],
    ['the deadline has passed', { ...allow, startingDeadlineMs: 20_000 }, fresh, 1.5, ['1 Missed DeadlineExceeded']],
    [
      'only the newest is within the deadline',
      { ...allow, startingDeadlineMs: 40_000 },
      fresh,
      2.5,
      ['1 Missed DeadlineExceeded', '2 Started MadeUp'],
    ],
    ['a run is active, Allow', allow, busy, 1, ['1 Started OnTime']],
    ['a run is active, Forbid', forbid, busy, 1, ['1 Skipped ConcurrencyForbidden']],
    ['a run is active, Replace', replace, busy, 1, ['replace']],
    ['an older tick waits and a newer comes', replace, busy, 2, ['1 Missed Superseded', 'replace']],
    ['the replaced run took too long', { ...replace, startingDeadlineMs: 20_000 }, busy, 1.5, ['1 Missed DeadlineExceeded']],
    ['it is suspended', { ...allow, suspend: true }, fresh, 2, ['1 Skipped Suspended', '2 Skipped Suspended']],
    ['it was suspended until now', allow, { ...fresh, wasSuspended: true }, 2, ['1 Skipped Suspended', '2 Skipped Suspended']],
    ['too many were missed', allow, fresh, 500.5, ['1 Missed TooManyMissed 100', '500 Started MadeUp']],
    ['too many, while suspended', { ...allow, suspend: true }, fresh, 500, ['1 Skipped Suspended 100', '500 Skipped Suspended']],
    ['everything is halted', halted, fresh, 1, ['1 Skipped Halted']],
    ['everything is halted and it waits to replace', { ...replace, ...halted }, busy, 1, ['1 Skipped Halted']],
    ['everything is halted and it is suspended', { ...halted, suspend: true }, fresh, 1, ['1 Skipped Suspended']],
    ['the clock went back', allow, fresh, -30, []],
  ])('when %s', (_when, policy, history, minutes, expected) => {
    expect(outcomes(policy, history, minutes)).toEqual(expected);
  });

  it('does not hold a run against its own tick when its status could not be written', () => {
    const at = start + minuteMs;
    const cutOff: History = { ...fresh, started: [{ tick: at, at: at + 200 }], active: [at] };
    expect(outcomes(forbid, cutOff, 1.9)).toEqual(['1 Started OnTime']);
    expect(outcomes(forbid, cutOff, 2)).toEqual(['1 Started OnTime', '2 Skipped ConcurrencyForbidden']);
    expect(outcomes(replace, cutOff, 2)).toEqual(['1 Started OnTime', 'replace']);
  });

  it('costs the same for a hundred missed ticks and for a year of seconds', () => {
    const everySecond = timetable('* * * * * *');
    const spies = [vi.spyOn(CronExpression.prototype, 'next'), vi.spyOn(CronExpression.prototype, 'prev')];
    const stepsFor = (milliseconds: number) => {
      spies.forEach((spy) => spy.mockClear());
      const { ticks } = decide(everySecond, allow, fresh, start + milliseconds);
      expect(ticks.map(({ reason }) => reason)).toEqual(['TooManyMissed', 'OnTime']);
      return spies.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    };
    const steps = stepsFor(130_000);
    expect(stepsFor(366 * 86_400_000)).toBe(steps);
    expect(steps).toBeLessThan(110);
    vi.restoreAllMocks();
  });

  it('gives every tick exactly one outcome, and no tick two runs, however often and whenever it is asked', () => {
    const step = fc.record({ ms: fc.integer({ min: -90_000, max: 240_000 }), ends: fc.boolean(), suspend: fc.boolean() });
    fc.assert(
      fc.property(
        fc.constantFrom<Policy['concurrencyPolicy']>('Allow', 'Forbid', 'Replace'),
        fc.option(fc.integer({ min: 1000, max: 90_000 }), { nil: undefined }),
        fc.array(step, { minLength: 1, maxLength: 30 }),
        (concurrencyPolicy, startingDeadlineMs, steps) => {
          let history = fresh;
          let now = start;
          const told: number[] = [];
          for (const { ms, ends, suspend } of steps) {
            now += ms;
            if (ends) history = { ...history, active: [] };
            const policy = { concurrencyPolicy, startingDeadlineMs, suspend };
            const decision = decide(everyMinute, policy, history, now);
            const started = decision.ticks.filter(({ outcome }) => outcome === 'Started').map(({ tick }) => tick);
            if (concurrencyPolicy !== 'Allow' && history.active.length > 0) expect(started).toEqual([]);
            expect(decision.decidedUntil).toBeGreaterThanOrEqual(history.decidedUntil);
            told.push(...decision.ticks.map(({ tick }) => tick));
            history = {
              decidedUntil: decision.decidedUntil,
              wasSuspended: suspend,
              started: [...history.started, ...started.map((tick) => ({ tick, at: now }))],
              active: [...history.active, ...started],
            };
          }
          const last = everyMinute.latest(history.decidedUntil) ?? start;
          expect(told).toEqual(
            Array.from({ length: (last - start) / minuteMs }, (_none, index) => start + (index + 1) * minuteMs),
          );
        },
      ),
    );
  });
});
