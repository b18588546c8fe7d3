/** Ten experiments at once on thirty pods: every verdict is the one that was planned, and nobody is left hurt. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ExperimentObject, experiments } from '../../src/control/index.ts';
import { differences, readKernelState } from '../torture/foreign-state.ts';
import { createInstance, squall } from '../torture/instance.ts';
import { table } from '../torture/summary.ts';
import { delay, experiment, type ShortRun } from './manifests.ts';
import type { CampaignOptions, CampaignResult } from './result.ts';

const namespace = 'ten';
const limitMs = 300_000;

type Planned = { name: string; verdict: string; targetCount: number; run: Partial<ShortRun> };

const planned: Planned[] = [
  ...[0, 1, 2, 3].map((number) => ({ name: `passes-${number}`, verdict: 'Passed', targetCount: 4, run: {} })),
  ...[0, 1].map((number) => ({
    name: `fails-${number}`,
    verdict: 'Failed',
    targetCount: 4,
    run: { fault: delay(600), rttMs: 300 },
  })),
  ...[0, 1].map((number) => ({
    name: `has-no-target-${number}`,
    verdict: 'Refused',
    targetCount: 0,
    run: { selector: { app: 'nobody' } },
  })),
  ...[0, 1].map((number) => ({
    name: `is-aborted-${number}`,
    verdict: 'Aborted',
    targetCount: 3,
    run: { durationSeconds: 240 },
  })),
];

export async function tenExperiments({ folder, say }: CampaignOptions): Promise<CampaignResult> {
  const serverCount = planned.reduce((sum, { targetCount }) => sum + targetCount, 0);
  const instance = await createInstance({ folder, serverCount, namespace });
  try {
    await instance.start();
    const untouched = await Promise.all(
      instance.servers.map(async ({ networkNamespace }) => await readKernelState(networkNamespace)),
    );
    const names = instance.servers.map(({ name }) => name);
    const began = Date.now();
    for (const { name, targetCount, run } of planned) {
      const targets = names.splice(0, targetCount);
      // An emulated machine cannot start as many programs in a second as shorter leases need, nor count as many probes.
      const common = {
        namespace,
        client: 'client',
        durationSeconds: 10,
        fault: delay(100),
        lossPercentTolerated: 60,
        lease: '30s',
        period: '1s',
      };
      // A run without a target has a hypothesis all the same: on a pod that another run hurts.
      const probed = targets.length === 0 ? ['server-0'] : targets;
      await instance.store.create(experiments, experiment(name, { ...common, targets: probed, ...run }) as ExperimentObject);
    }
    const createdMs = Date.now() - began;
    const ended = await untilAllDone(began);
    const wallMs = Date.now() - began;
    const problems = ended.flatMap((object) => judge(object));
    if (ended.length !== planned.length)
      problems.push(`${ended.length} of ${planned.length} runs have a verdict after ${limitMs} ms`);
    const found = await Promise.all(
      instance.servers.map(async ({ networkNamespace }) => await readKernelState(networkNamespace)),
    );
    problems.push(...found.flatMap((state, index) => differences(untouched[index] ?? state, state)));
    if (instance.ledger().length > 0) problems.push(`the ledger still has ${instance.ledger().join(', ')}`);
    const code = await instance.stop();
    if (code !== 0) problems.push(`serve ended with ${String(code)}`);
    const rows = ended.map(rowOf);
    const header = ['run', 'targets', 'verdict', 'reason', 'preflight', 'inject', 'undo', 'whole'];
    const text = [
      `${planned.length} runs created within ${createdMs} ms on ${serverCount} targets, all over after ${(wallMs / 1000).toFixed(1)} s; ${problems.length} problems.`,
      '',
      ...table(header, rows),
    ].join('\n');
    return { problems, text, data: { targets: serverCount, createdMs, wallMs, runs: rows } };
  } finally {
    await instance.stop();
    await instance.dispose();
  }

  async function untilAllDone(began: number): Promise<ExperimentObject[]> {
    const aborted = new Set<string>();
    for (;;) {
      const { items } = await instance.store.list(experiments, { namespace });
      for (const { metadata, status } of items) {
        if (status?.run.phase !== 'during' || !metadata.name.startsWith('is-aborted') || aborted.has(metadata.name)) continue;
        aborted.add(metadata.name);
        say(`aborting ${metadata.name}`);
        await squall(['abort', metadata.name, '-n', namespace, '--state', instance.stateFolder]);
      }
      const done = items.filter(({ status }) => status?.run.phase === 'done');
      if (done.length === planned.length || Date.now() - began > limitMs) return done;
      await sleep(500);
    }
  }
}

function judge({ metadata, status }: ExperimentObject): string[] {
  const expected = planned.find(({ name }) => name === metadata.name)?.verdict;
  if (status?.verdict === expected && status?.residue === 0) return [];
  const found = `${status?.verdict ?? 'without a verdict'} (${status?.reason ?? ''}: ${status?.message ?? ''}), residue ${status?.residue ?? -1}`;
  return [`${metadata.name} is ${found}; expected ${expected ?? 'nothing'}`];
}

function rowOf({ metadata, status }: ExperimentObject): string[] {
  const phases = status?.run.phases ?? [];
  const lengthOf = (wanted: string): string => {
    const phase = phases.find(({ name }) => name === wanted);
    return phase === undefined ? '-' : `${Date.parse(phase.endedAt) - Date.parse(phase.startedAt)} ms`;
  };
  const whole = Date.parse(status?.endedAt ?? '') - Date.parse(status?.startedAt ?? '');
  return [
    ...[metadata.name, String(status?.targets.length ?? 0), status?.verdict ?? '-', status?.reason ?? '-'],
    ...[lengthOf('preflight'), lengthOf('inject'), lengthOf('undo'), `${whole} ms`],
  ];
}
