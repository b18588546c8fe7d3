/** A schedule every minute on the real clock, while everything is killed and started again five times: every tick once, every undo proven. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiVersion, type JournalRecord, type ScheduleStatus } from '../../src/api/index.ts';
import { type ExperimentObject, experiments } from '../../src/control/index.ts';
import type { AnyObject, Resource } from '../../src/store/index.ts';
import { differences, readKernelState } from '../torture/foreign-state.ts';
import { createInstance, type Instance } from '../torture/instance.ts';
import { seededRandom } from '../random.ts';
import { table } from '../torture/summary.ts';
import { mildFault } from './kernel-fault.ts';
import { schedule } from './manifests.ts';
import type { CampaignOptions, CampaignResult } from './result.ts';

const namespace = 'minutes';
const scheduleName = 'every-minute';
const killCount = 5;
const minuteMs = 60_000;
const historyLimit = 3;

type ScheduleObject = AnyObject & { status?: ScheduleStatus };
const schedules: Resource<ScheduleObject> = {
  apiVersion,
  kind: 'NetworkExperimentSchedule',
  plural: 'networkexperimentschedules',
  namespaced: true,
};

export async function tenMinutes({ folder, seed, minutes, say }: CampaignOptions): Promise<CampaignResult> {
  const served = join(folder, 'experiments');
  mkdirSync(served, { recursive: true });
  const run = {
    namespace,
    targets: ['server-0'],
    client: 'client',
    durationSeconds: 15,
    fault: await mildFault(200),
    lossPercentTolerated: 60,
  };
  writeFileSync(join(served, 'schedule.json'), JSON.stringify(schedule(scheduleName, '* * * * *', run)));
  const instance = await createInstance({ folder, serverCount: 1, namespace });
  const target = instance.servers[0]?.networkNamespace ?? '';
  try {
    const untouched = await readKernelState(target);
    await instance.start();
    const began = Date.now();
    const kills = await killAgainAndAgain(instance, began, minutes, seededRandom(seed), say);
    // Runs of the last minute may end; a new one does not begin before the next.
    await sleepUntil(Math.ceil(Date.now() / minuteMs) * minuteMs + 45_000);
    const { status } = await instance.store.get(schedules, { namespace, name: scheduleName });
    const runs = (await instance.store.list(experiments, { namespace })).items;
    const ended = Date.now();
    const code = await instance.stop();
    const problems = [
      ...judgeTicks(status?.recentTicks ?? [], began, ended),
      ...judgeRuns(runs),
      ...judgeJournals(instance.stateFolder),
      ...differences(untouched, await readKernelState(target)),
    ];
    if (code !== 0) problems.push(`serve ended with ${String(code)}`);
    if (instance.ledger().length > 0) problems.push(`the ledger still has ${instance.ledger().join(', ')}`);
    const ticks = (status?.recentTicks ?? []).map(({ tick, outcome, reason, run: name }) => [tick, outcome, reason, name ?? '-']);
    const text = [
      `${minutes} minutes, everything killed ${kills.length} times, ${problems.length} problems; seed ${seed}.`,
      '',
      ...table(['killed at', 'started again at'], kills),
      '',
      ...table(['tick', 'outcome', 'reason', 'run'], ticks),
    ].join('\n');
    return {
      problems,
      text,
      data: { minutes, kills, ticks, runs: runs.map(({ metadata, status: of }) => [metadata.name, of?.verdict, of?.reason]) },
    };
  } finally {
    await instance.stop();
    await instance.dispose();
  }
}

/** Kills agent and control process at a random instant of each of five equal parts of the time, and starts again a little later. */
async function killAgainAndAgain(
  instance: Instance,
  began: number,
  minutes: number,
  random: () => number,
  say: (text: string) => void,
): Promise<string[][]> {
  const partMs = (minutes * minuteMs) / killCount;
  const kills: string[][] = [];
  for (let part = 0; part < killCount; part += 1) {
    await sleepUntil(began + (part + random() * 0.7) * partMs);
    const pids = [instance.agent()?.pid, instance.control()].filter((pid) => pid !== undefined);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    const killedAt = new Date().toISOString();
    await sleep(random() * 15_000);
    await instance.start();
    kills.push([killedAt, new Date().toISOString()]);
    say(`killed ${pids.length} processes at ${killedAt}`);
  }
  await sleepUntil(began + minutes * minuteMs);
  return kills;
}

/** Every minute while serve was there or was to come back has exactly one outcome, and a run is named by its tick. */
function judgeTicks(ticks: ScheduleStatus['recentTicks'], began: number, ended: number): string[] {
  const problems: string[] = [];
  const first = Math.ceil(began / minuteMs) * minuteMs + minuteMs;
  for (let minute = first; minute <= ended; minute += minuteMs) {
    const own = ticks.filter(({ tick }) => Date.parse(tick) === minute);
    if (own.length !== 1) problems.push(`the tick ${new Date(minute).toISOString()} has ${own.length} outcomes`);
  }
  for (const { tick, outcome, run } of ticks) {
    const name = `${scheduleName}-${Date.parse(tick) / 1000}`;
    if (outcome === 'Started' && run !== name) problems.push(`the run of ${tick} is named ${run ?? 'nothing'}, not ${name}`);
  }
  return problems;
}

function judgeRuns(runs: readonly ExperimentObject[]): string[] {
  const done = runs.filter(({ status }) => status?.run.phase === 'done');
  const passed = done.filter(({ status }) => status?.verdict === 'Passed').length;
  // Runs that never inject leave nothing behind, and show nothing.
  const nothingShown = passed === 0 ? ['no run has passed'] : [];
  const unproven = done.filter(({ status }) => status?.residue !== 0 || status.verdict === 'Errored');
  return [
    ...nothingShown,
    ...(passed > historyLimit ? [`${passed} passed runs are kept, more than ${historyLimit}`] : []),
    ...(done.length - passed > historyLimit ? [`${done.length - passed} other runs are kept, more than ${historyLimit}`] : []),
    ...unproven.map(
      ({ metadata, status }) =>
        `${metadata.name} is ${status?.verdict ?? ''} (${status?.reason ?? ''}), residue ${status?.residue ?? -1}`,
    ),
  ];
}

/** A run is created once and has a verdict, over all restarts. */
function judgeJournals(stateFolder: string): string[] {
  const folder = join(stateFolder, 'runs');
  const files = readdirSync(folder).map((uid) => join(folder, uid, 'journal.jsonl'));
  const journals = files.filter((file) => existsSync(file)).map(readRecords);
  const names = journals.flatMap((records) => records.flatMap((record) => (record.type === 'created' ? [record.name] : [])));
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  const verdicts = journals.filter((records) => !records.some(({ type }) => type === 'verdict'));
  return [
    ...twice.map((name) => `${name} was run twice`),
    ...(verdicts.length > 0 ? [`${verdicts.length} journals have no verdict`] : []),
  ];
}

function readRecords(file: string): JournalRecord[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as JournalRecord);
}

async function sleepUntil(instant: number): Promise<void> {
  await sleep(Math.max(0, instant - Date.now()));
}
