import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiVersion, scheduledAtAnnotation, scheduleLabel } from '../../src/api/index.ts';
import { abortAnnotation, experiments, schedules } from '../../src/control/index.ts';
import { type Cut, key, type ScheduleWorld, start, startScheduleWorld, template } from './schedules.ts';

const minuteMs = 60_000;
const nameAt = (minute: number) => `nightly-${String((start + minute * minuteMs) / 1000)}`;
const tickAt = (minute: number) => new Date(start + minute * minuteMs).toISOString();

let world: ScheduleWorld;
beforeEach(async () => {
  world = await startScheduleWorld();
});
afterEach(async () => {
  await world.stop();
});

/** Beats once at that minute; what was told then, as `minute outcome reason`. */
async function beatAt(minute: number): Promise<string[]> {
  const before = world.records.length;
  world.moveTo(start + minute * minuteMs);
  await world.beat();
  return world.records
    .slice(before)
    .map(({ tick, outcome, reason }) => `${String((Date.parse(tick) - start) / minuteMs)} ${outcome} ${reason}`);
}

describe('the schedule reconciler', () => {
  it('creates a run from the template at its tick, and says so in the status', async () => {
    const { metadata } = await world.define({
      experimentTemplate: { ...template, metadata: { labels: { team: 'shop' }, annotations: { note: 'n' } } },
    });
    expect(await beatAt(0.5)).toEqual([]);
    expect(await world.status()).toMatchObject({
      nextScheduleTime: tickAt(1),
      active: [],
      recentTicks: [],
      observedGeneration: 1,
    });
    expect(await beatAt(1)).toEqual(['1 Started OnTime']);
    const [run] = await world.runs();
    expect(run?.metadata).toMatchObject({
      name: nameAt(1),
      labels: { team: 'shop', [scheduleLabel]: 'nightly' },
      annotations: { note: 'n', [scheduledAtAnnotation]: tickAt(1) },
      ownerReferences: [{ kind: 'NetworkExperimentSchedule', name: 'nightly', uid: metadata.uid }],
    });
    expect(run?.spec).toEqual(template.spec);
    expect(await world.status()).toMatchObject({
      lastScheduleTime: tickAt(1),
      nextScheduleTime: tickAt(2),
      decidedUntil: tickAt(1),
      active: [{ name: nameAt(1), uid: run?.metadata.uid }],
      recentTicks: [{ tick: tickAt(1), outcome: 'Started', reason: 'OnTime', run: nameAt(1) }],
    });
    expect(world.records[0]?.schedule).toEqual({ ...key, uid: metadata.uid });
  });

  it('writes nothing while nothing changes', async () => {
    await world.define({});
    await beatAt(1);
    await world.beat();
    const before = await world.store.get(schedules, key);
    for (let beat = 0; beat < 20; beat += 1) await beatAt(1.01 + beat / 50);
    expect((await world.store.get(schedules, key)).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  it('tells a tick once, though somebody annotates the schedule before its status is written', async () => {
    await world.define({});
    world.beforeStatus(() => world.store.patchMetadata(schedules, key, { annotations: { noted: 'now' } }));
    expect(await beatAt(1)).toEqual(['1 Started OnTime']);
    expect((await world.store.get(schedules, key)).metadata.annotations).toEqual({ noted: 'now' });
    expect(await world.status()).toMatchObject({ decidedUntil: tickAt(1) });
  });

  it('decides anew when the schedule itself is changed before its status is written', async () => {
    await world.define({});
    world.beforeStatus(() => world.edit({ suspend: true }));
    await expect(beatAt(1)).rejects.toMatchObject({ code: 'Conflict' });
    expect(await world.status()).toBeUndefined();
  });

  it('skips a tick while a run is active under Forbid, for good', async () => {
    await world.define({ concurrencyPolicy: 'Forbid' });
    expect(await beatAt(1)).toEqual(['1 Started OnTime']);
    expect(await beatAt(2)).toEqual(['2 Skipped ConcurrencyForbidden']);
    await world.finish(nameAt(1), 'Passed');
    expect(await beatAt(2.5)).toEqual([]);
    expect(await beatAt(3)).toEqual(['3 Started OnTime']);
    expect(world.created).toEqual([nameAt(1), nameAt(3)]);
    expect(await world.status()).toMatchObject({ lastVerdict: 'Passed', lastSuccessfulTime: tickAt(2) });
  });

  it('starts beside an active run under Allow', async () => {
    await world.define({ concurrencyPolicy: 'Allow' });
    await beatAt(1);
    expect(await beatAt(2)).toEqual(['2 Started OnTime']);
    expect((await world.status())?.active.map(({ name }) => name).sort()).toEqual([nameAt(1), nameAt(2)]);
  });

  it('aborts the active run under Replace, and starts the next once it is over', async () => {
    await world.define({ concurrencyPolicy: 'Replace' });
    await beatAt(1);
    expect(await beatAt(2)).toEqual([]);
    const [run] = await world.runs();
    expect(run?.metadata.annotations?.[abortAnnotation]).toBe('Replaced');
    expect(world.created).toEqual([nameAt(1)]);
    await world.finish(nameAt(1), 'Aborted');
    expect(await beatAt(2.1)).toEqual(['2 Started OnTime']);
    expect(world.created).toEqual([nameAt(1), nameAt(2)]);
  });

  it('gives a replacing tick up when the active run takes longer than the deadline', async () => {
    await world.define({ concurrencyPolicy: 'Replace', startingDeadlineSeconds: 20 });
    await beatAt(1);
    expect(await beatAt(2)).toEqual([]);
    expect(await beatAt(2.5)).toEqual(['2 Missed DeadlineExceeded']);
  });

  it('makes up for the newest missed tick only', async () => {
    await world.define({});
    expect(await beatAt(3.5)).toEqual(['1 Missed Superseded', '2 Missed Superseded', '3 Started MadeUp']);
  });

  it('never runs the ticks of the time in which it was suspended', async () => {
    await world.define({ suspend: true });
    expect(await beatAt(1)).toEqual(['1 Skipped Suspended']);
    expect(await world.status()).not.toHaveProperty('nextScheduleTime');
    await world.edit({ suspend: false });
    expect(await beatAt(2.5)).toEqual(['2 Skipped Suspended']);
    expect(await beatAt(3)).toEqual(['3 Started OnTime']);
  });

  it('counts the ticks of a new expression from then on', async () => {
    await world.define({ schedule: '0 * * * *' });
    await beatAt(1);
    world.moveTo(start + 10 * minuteMs);
    await world.edit({ schedule: '* * * * *' });
    expect(await beatAt(10.5)).toEqual([]);
    expect(await beatAt(11)).toEqual(['11 Started OnTime']);
  });

  it('runs no tick twice when the clock goes back, and says why nothing runs', async () => {
    await world.define({ concurrencyPolicy: 'Allow' });
    await beatAt(1);
    await beatAt(2);
    expect(await beatAt(0.5)).toEqual([]);
    expect(await beatAt(1)).toEqual([]);
    const condition = (await world.status())?.conditions.find(({ type }) => type === 'Scheduled');
    expect(condition).toMatchObject({ status: 'False', reason: 'ClockWentBack' });
    expect(await beatAt(3)).toEqual(['3 Started OnTime']);
    expect(world.created).toEqual([nameAt(1), nameAt(2), nameAt(3)]);
  });

  it('leaves ticks due while starts are held', async () => {
    await world.define({});
    await beatAt(0.5);
    world.hold(true);
    expect(await beatAt(1)).toEqual([]);
    world.hold(false);
    expect(await beatAt(1.1)).toEqual(['1 Started OnTime']);
  });

  it('says that a run was refused when its name belongs to somebody else', async () => {
    await world.define({});
    const metadata = { name: nameAt(1), namespace: key.namespace };
    await world.store.create(experiments, { apiVersion, kind: 'NetworkExperiment', metadata, spec: template.spec });
    expect(await beatAt(1)).toEqual(['1 Skipped Refused']);
    expect(world.records[0]?.message).toContain('does not belong to this schedule');
  });

  it('takes a run that it made and that lost its label for made', async () => {
    await world.define({});
    world.moveTo(start + minuteMs);
    await world.beat('created');
    await world.store.patchMetadata(experiments, { ...key, name: nameAt(1) }, { labels: { [scheduleLabel]: 'other' } });
    expect(await beatAt(1.1)).toEqual(['1 Started OnTime']);
    expect(world.created).toEqual([nameAt(1)]);
  });

  it('trims no run whose tick has no outcome yet, since it would be created again', async () => {
    await world.define({ successfulExperimentsHistoryLimit: 0 });
    world.moveTo(start + minuteMs);
    await world.beat('created');
    await world.finish(nameAt(1), 'Passed');
    world.hold(true);
    expect(await beatAt(1.1)).toEqual([]);
    world.hold(false);
    expect(await beatAt(1.2)).toEqual(['1 Started OnTime']);
    expect(world.created).toEqual([nameAt(1)]);
    expect(await world.runs()).toEqual([]);
  });

  it('keeps as many runs as the limits say', async () => {
    await world.define({ concurrencyPolicy: 'Allow', successfulExperimentsHistoryLimit: 2, failedExperimentsHistoryLimit: 1 });
    const verdicts = ['Passed', 'Failed', 'Passed', 'Aborted', 'Passed', 'Passed'] as const;
    for (const [index, verdict] of verdicts.entries()) {
      await beatAt(index + 1);
      await world.finish(nameAt(index + 1), verdict);
    }
    await world.restart();
    await beatAt(6.5);
    expect((await world.runs()).map(({ metadata }) => metadata.name).sort()).toEqual([nameAt(4), nameAt(5), nameAt(6)]);
  });

  it('keeps the newest twenty ticks in the status', async () => {
    await world.define({ suspend: true });
    await beatAt(15);
    await beatAt(30);
    const recent = (await world.status())?.recentTicks ?? [];
    expect(recent).toHaveLength(20);
    expect(recent.at(-1)?.tick).toBe(tickAt(30));
  });
});

describe('ten minutes of a schedule', () => {
  const cuts: Cut[] = ['create', 'created', 'status', 'told'];
  const step = fc.record({
    seconds: fc.integer({ min: 5, max: 50 }),
    cut: fc.option(fc.constantFrom(...cuts), { freq: 2 }),
    ends: fc.boolean(),
  });

  it.each(['Allow', 'Forbid', 'Replace'] as const)(
    'gives each tick one outcome and at most one run, wherever lives of the control process end: %s',
    async (concurrencyPolicy) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 25, maxLength: 60 }), async (steps) => {
          const here = await startScheduleWorld();
          try {
            await here.define({ concurrencyPolicy, successfulExperimentsHistoryLimit: 2 });
            for (const { seconds, cut, ends } of steps) {
              here.moveTo(Math.min(here.now() + seconds * 1000, start + 10 * minuteMs));
              if (ends) await endActive(here);
              await here.beat(cut ?? undefined);
              if (concurrencyPolicy !== 'Allow') expect((await activeRuns(here)).length).toBeLessThanOrEqual(1);
            }
            here.moveTo(start + 10 * minuteMs);
            for (let round = 0; round < 3; round += 1) {
              await here.restart();
              await here.beat();
              await endActive(here);
            }
            await here.restart();
            await here.beat();
            expect(new Set(here.created).size).toBe(here.created.length);
            const { recentTicks = [], decidedUntil, active } = (await here.status()) ?? {};
            expect(decidedUntil).toBe(tickAt(10));
            expect(recentTicks.map(({ tick }) => tick)).toEqual(Array.from({ length: 10 }, (_none, index) => tickAt(index + 1)));
            const started = recentTicks.flatMap(({ run }) => run ?? []);
            expect(started).toEqual(here.created);
            const told = here.records.map(({ tick }) => tick);
            expect(new Set(told).size).toBe(told.length);
            expect(active).toEqual([]);
            expect((await here.runs()).map(({ metadata }) => metadata.name).sort()).toEqual(started.slice(-2));
          } finally {
            await here.stop();
          }
        }),
        { numRuns: 10 },
      );
    },
    120_000,
  );

  const activeRuns = async (here: ScheduleWorld) => (await here.runs()).filter(({ status }) => status?.phase !== 'done');

  async function endActive(here: ScheduleWorld): Promise<void> {
    for (const { metadata } of await activeRuns(here)) await here.finish(metadata.name, 'Passed');
  }
});
