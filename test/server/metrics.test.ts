import { expect, test } from 'vitest';
import { verdicts } from '../../src/api/index.ts';
import { createMetrics, type Metrics } from '../../src/server/index.ts';

const schedule = { namespace: 'shop', name: 'nightly', uid: 'u1' };
const at = '2026-11-25T02:30:00.000Z';

/** The sample lines of one metric. */
async function samples(metrics: Metrics, name: string): Promise<string[]> {
  return (await metrics.text()).split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}

test('what can happen to runs, leases and agents is there at 0 before it happens', async () => {
  const metrics = createMetrics('1.2.3');
  const runs = await samples(metrics, 'squall_runs_total');
  for (const verdict of verdicts) expect(runs.some((line) => line.includes(`verdict="${verdict}"`))).toBe(true);
  expect(runs.every((line) => line.endsWith(' 0'))).toBe(true);
  expect(await samples(metrics, 'squall_lease_renewals_total')).toHaveLength(6);
  expect(await samples(metrics, 'squall_agent_restarts_total')).toEqual(['squall_agent_restarts_total 0']);
  expect(await samples(metrics, 'squall_build_info')).toEqual([`squall_build_info{version="1.2.3",node="${process.version}"} 1`]);
});

test('a run counts once under its verdict and reason', async () => {
  const metrics = createMetrics('0');
  metrics.runEnded('Failed', 'HypothesisViolated');
  expect(await samples(metrics, 'squall_runs_total')).toContain(
    'squall_runs_total{verdict="Failed",reason="HypothesisViolated"} 1',
  );
});

test('reasons that are sentences, or one too many, share one series', async () => {
  const metrics = createMetrics('0');
  metrics.runEnded('Errored', 'the disk "a" is full\n');
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  for (let index = 0; index < 400; index += 1) {
    metrics.runEnded('Errored', `Made${letters[index % 26] ?? ''}${letters[Math.floor(index / 26)] ?? ''}`);
  }
  const runs = await samples(metrics, 'squall_runs_total');
  expect(runs.length).toBeLessThanOrEqual(105);
  const other = runs.find((line) => line.includes('reason="Other"'));
  expect(Number(other?.split(' ').at(-1))).toBeGreaterThan(300);
});

test('ticks count by outcome, a record of many counts as many, and a deleted schedule loses its series', async () => {
  const metrics = createMetrics('0');
  metrics.scheduleAdded(schedule);
  expect(await samples(metrics, 'squall_schedule_ticks_total')).toHaveLength(9);
  metrics.tick({ time: at, schedule, tick: at, outcome: 'Started', reason: 'OnTime' });
  metrics.tick({ time: at, schedule, tick: at, outcome: 'Missed', reason: 'TooManyMissed', count: 99 });
  const ticks = await samples(metrics, 'squall_schedule_ticks_total');
  const labels = 'namespace="shop",schedule="nightly"';
  expect(ticks).toContain(`squall_schedule_ticks_total{${labels},outcome="Started",reason="OnTime"} 1`);
  expect(ticks).toContain(`squall_schedule_ticks_total{${labels},outcome="Missed",reason="TooManyMissed"} 99`);
  metrics.scheduleDeleted(schedule);
  expect(await samples(metrics, 'squall_schedule_ticks_total')).toEqual([]);
});

test('levels are what is true at the scrape, and series of what is gone go', async () => {
  const metrics = createMetrics('0');
  const here = { namespace: 'shop', name: 'nightly', nextAt: 1_800_000_000_500, lastVerdict: 'Passed' as const };
  let schedules = [here];
  const checks = [{ validator: 'ready', node: 'lab', check: 'qdisc netem', ok: false }];
  metrics.readFrom({
    levels: () => ({ runsByPhase: { during: 2 }, activeFaultsByNode: { lab: 3 }, residueByNode: { lab: 0 }, schedules, checks }),
    usage: () => [{ process: 'agent', residentBytes: 5000, cpuSeconds: 1.5 }],
  });
  expect(await samples(metrics, 'squall_runs_active')).toEqual(['squall_runs_active{phase="during"} 2']);
  expect(await samples(metrics, 'squall_active_faults')).toEqual(['squall_active_faults{node="lab"} 3']);
  expect(await samples(metrics, 'squall_residue')).toEqual(['squall_residue{node="lab"} 0']);
  expect(await samples(metrics, 'squall_process_cpu_seconds_total')).toEqual([
    'squall_process_cpu_seconds_total{process="agent"} 1.5',
  ]);
  const next = 'squall_schedule_next_run_timestamp_seconds';
  expect(await samples(metrics, next)).toEqual([`${next}{namespace="shop",schedule="nightly"} 1800000000.5`]);
  expect(await samples(metrics, 'squall_schedule_last_run_info')).toEqual([
    'squall_schedule_last_run_info{namespace="shop",schedule="nightly",verdict="Passed"} 1',
  ]);
  expect(await samples(metrics, 'squall_validator_check_ok')).toEqual([
    'squall_validator_check_ok{validator="ready",node="lab",check="qdisc netem"} 0',
  ]);
  schedules = [];
  expect(await samples(metrics, next)).toEqual([]);
  // A second scrape does not add up what processes have used.
  expect(await samples(metrics, 'squall_process_cpu_seconds_total')).toHaveLength(1);
});

test('a watch that fails counts by what it watches and why', async () => {
  const metrics = createMetrics('0');
  metrics.watchFailed('nodetasks', 'Unavailable');
  metrics.watchFailed('nodetasks', 'Unavailable');
  expect(await samples(metrics, 'squall_watch_failures_total')).toEqual([
    'squall_watch_failures_total{resource="nodetasks",code="Unavailable"} 2',
  ]);
});

test('no series carries the name or uid of a run', async () => {
  const text = await createMetrics('0').text();
  const labels = new Set([...text.matchAll(/[{,](\w+)="/g)].map(([, label]) => label));
  for (const label of ['run', 'uid', 'experiment', 'name']) expect(labels).not.toContain(label);
});
