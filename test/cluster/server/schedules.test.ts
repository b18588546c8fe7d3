/** A schedule that ticks on a real API server: its runs, what is printed of it, and what Kubernetes' own garbage collector does with it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiVersion, type ScheduleStatus, scheduleLabel } from '../../../src/api/index.ts';
import { experiments, nodeTasks, schedules } from '../../../src/control/index.ts';
import { adminOf } from './client.ts';
import { type Operated, runSpec, startOperated } from './operated.ts';
import { until } from './until.ts';

const admin = adminOf();
const namespace = 'scheduled';
const name = 'ticking';
const tickMs = 5000;
/** With the second before and the second after it, longer than from one tick to the next. */
const template = { ...runSpec(namespace), duration: '4s' };

let operated: Operated;

beforeAll(async () => {
  operated = await startOperated(admin, namespace);
  await operated.operate('scheduled');
});
afterAll(async () => {
  await operated[Symbol.asyncDispose]();
  admin[Symbol.dispose]();
});

async function untilStatus(what: string, isSo: (status: ScheduleStatus) => boolean): Promise<ScheduleStatus> {
  let last: ScheduleStatus | undefined;
  const look = async (): Promise<ScheduleStatus | false> => {
    last = (await admin.store.get(schedules, { namespace, name })).status;
    return last !== undefined && isSo(last) && last;
  };
  return await until(what, look, { instead: () => JSON.stringify(last) });
}

const started = ({ recentTicks }: ScheduleStatus) => recentTicks.filter(({ outcome }) => outcome === 'Started');
const runsLeft = async () => (await admin.store.list(experiments, { namespace })).items.map(({ metadata }) => metadata.name);

/** Header and row of the one schedule, by the header's columns. */
async function printed(): Promise<Record<string, string>> {
  const [header = '', row = ''] = (await admin.must(['get', 'nxs', '-n', namespace])).split('\n');
  const titles = header.split(/ {3,}/);
  const starts = titles.map((title) => header.indexOf(title));
  return Object.fromEntries(titles.map((title, index) => [title.trim(), row.slice(starts[index], starts[index + 1]).trim()]));
}

async function suspend(isSo: boolean): Promise<void> {
  await admin.must(['patch', 'nxs', name, '-n', namespace, '--type=merge', '-p', JSON.stringify({ spec: { suspend: isSo } })]);
}

describe('a schedule on a cluster', () => {
  it('makes a run of every tick that finds no other active, names it by the tick, and keeps as many as it is told to', async () => {
    const spec = {
      schedule: '*/5 * * * * *',
      timeZone: 'Europe/Berlin',
      suspend: false,
      successfulExperimentsHistoryLimit: 1,
      experimentTemplate: { metadata: { labels: { team: 'shop' } }, spec: template },
    };
    const schedule = { apiVersion, kind: 'NetworkExperimentSchedule', metadata: { name, namespace }, spec };
    await admin.must(['apply', '-f', '-'], JSON.stringify(schedule));
    const [first] = started(await untilStatus('a first run', (status) => started(status).length > 0));
    const status = await untilStatus(
      'a second run that is over',
      (now) =>
        started(now).length > 1 &&
        started(now).some(({ run }) => run !== first?.run && !now.active.some((one) => one.name === run)),
    );
    const ticks = status.recentTicks.map(({ tick }) => Date.parse(tick));
    // Each tick has one outcome, and none is left out.
    expect(ticks).toEqual(ticks.map((_, index) => (ticks[0] ?? 0) + index * tickMs));
    expect((ticks[0] ?? 0) % tickMs).toBe(0);
    for (const { tick, run } of started(status)) expect(run).toBe(`${name}-${String(Date.parse(tick) / 1000)}`);
    const others = status.recentTicks.filter(({ outcome }) => outcome !== 'Started');
    expect(others.length).toBeGreaterThan(0);
    for (const other of others) expect(other).toMatchObject({ outcome: 'Skipped', reason: 'ConcurrencyForbidden' });
    expect(status.lastVerdict).toBe('Passed');
    await until('the first run is trimmed', async () => !(await runsLeft()).includes(first?.run ?? ''));
  });

  it('is printed by kubectl with its time zone, its last and next tick, and the last verdict', async () => {
    const { nextScheduleTime } = await untilStatus('between two ticks', ({ nextScheduleTime: next = '' }) => {
      const leftMs = Date.parse(next) - Date.now();
      return leftMs > tickMs / 2 && leftMs < tickMs;
    });
    expect(await printed()).toEqual({
      NAME: name,
      SCHEDULE: '*/5 * * * * *',
      'TIME ZONE': 'Europe/Berlin',
      SUSPEND: 'false',
      LAST: expect.stringMatching(/^\d+s$/) as string,
      NEXT: nextScheduleTime,
      'LAST VERDICT': 'Passed',
      AGE: expect.stringMatching(/^\d+(s|m\d*s?)$/) as string,
    });
  });

  it('starts nothing more while it is suspended, and says so of every tick', async () => {
    await suspend(true);
    const suspended = ({ recentTicks }: ScheduleStatus) => recentTicks.filter(({ reason }) => reason === 'Suspended');
    const before = await untilStatus('a first tick that is left out', (status) => suspended(status).length > 0);
    const after = await untilStatus('another one', (status) => suspended(status).length > 1);
    expect(started(after).at(-1)).toEqual(started(before).at(-1));
    for (const tick of after.recentTicks.slice(-2)) expect(tick).toMatchObject({ outcome: 'Skipped', reason: 'Suspended' });
    await untilStatus('the last run is over', ({ active }) => active.length === 0);
    expect(await printed()).toMatchObject({ SUSPEND: 'true', NEXT: '' });
  });

  it('takes its runs, their reports and their orders with it when it is deleted, also one that is active', async () => {
    await suspend(false);
    const { active } = await untilStatus('a run', (status) => status.active.length > 0);
    const run = active[0]?.name ?? '';
    const { metadata } = await operated.untilRun(run, ({ status }) => status?.phase === 'during');
    expect(metadata.labels).toEqual({ team: 'shop', [scheduleLabel]: name });
    const owners = metadata.ownerReferences?.map(({ kind, name: owner }) => `${kind} ${owner}`);
    expect(owners).toEqual([`NetworkExperimentSchedule ${name}`]);
    const reports = async (): Promise<string[]> =>
      (await admin.must(['get', 'configmaps', '-n', namespace, '-o', 'name']))
        .split('\n')
        .filter((one) => one.endsWith('-report'));
    expect((await reports()).length).toBeGreaterThan(0);

    await admin.must(['delete', 'nxs', name, '-n', namespace, '--timeout=20s']);
    await until('its runs are gone', async () => (await runsLeft()).length === 0);
    await until('their reports are gone', async () => (await reports()).length === 0);
    await until('their orders are gone', async () => {
      const { items } = await admin.store.list(nodeTasks, { namespace: 'squall-system' });
      return items.every(({ spec }) => spec.run.namespace !== namespace);
    });
  });
});
