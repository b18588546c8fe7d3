/** Scheduled runs one after the other for as long as is asked, while the memory of both processes and the state folder are measured. */
import { lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { experiments } from '../../src/control/index.ts';
import { createInstance } from '../torture/instance.ts';
import { residentBytes } from '../torture/processes.ts';
import { table } from '../torture/summary.ts';
import { mildFault } from './kernel-fault.ts';
import { schedule } from './manifests.ts';
import type { CampaignOptions, CampaignResult } from './result.ts';
import { heapGrowth, judgeHeaps, judgeSoak, type SoakSample, soakSlopes, type UsedHeaps } from './soak-judgement.ts';
import { inspectable, usedHeap } from './used-heap.ts';

const namespace = 'soak';
const sampleMs = 15_000;
const bytesPerMebibyte = 1024 * 1024;

export async function soak({ folder, minutes, say }: CampaignOptions): Promise<CampaignResult> {
  const served = join(folder, 'experiments');
  mkdirSync(served, { recursive: true });
  const fault = await mildFault(100);
  const run = { namespace, targets: ['server-0'], client: 'client', durationSeconds: 12, fault, lossPercentTolerated: 60 };
  writeFileSync(join(served, 'often.json'), JSON.stringify(schedule('often', '*/30 * * * * *', run)));
  const instance = await createInstance({ folder, serverCount: 1, namespace, env: inspectable });
  const samples: SoakSample[] = [];
  const heaps: UsedHeaps[] = [];
  const problems: string[] = [];
  const verdicts = new Map<string, string>();
  try {
    await instance.start();
    const began = Date.now();
    const agentPids = new Set<number>();
    const minute = () => (Date.now() - began) / 60_000;
    const weigh = async () => {
      const [control, agent] = [instance.control(), instance.agent()];
      if (control === undefined || agent === undefined) throw new Error(`a process is missing: ${instance.lastWords()}`);
      const ofControl = await usedHeap({ pid: control, log: instance.log });
      const ofAgent = await usedHeap({ pid: agent.pid, log: join(instance.stateFolder, 'agent.log') });
      heaps.push({ minute: minute(), control: ofControl / bytesPerMebibyte, agent: ofAgent / bytesPerMebibyte });
    };
    while (Date.now() - began < minutes * 60_000) {
      await sleep(sampleMs);
      const agent = instance.agent();
      const control = instance.control();
      if (control === undefined) throw new Error(`serve has ended: ${instance.lastWords()}`);
      if (agent !== undefined) agentPids.add(agent.pid);
      samples.push({
        minute: minute(),
        control: (residentBytes(control) ?? 0) / bytesPerMebibyte,
        agent: agent === undefined ? 0 : (residentBytes(agent.pid) ?? 0) / bytesPerMebibyte,
        folder: sizesOf(instance.stateFolder),
      });
      // A collection makes room: one in the half that is judged would make level what is not.
      if (heaps.length === 0 && minute() > minutes / 4) await weigh();
      const { items } = await instance.store.list(experiments, { namespace });
      for (const { metadata, status } of items) {
        if (status?.verdict !== undefined) verdicts.set(metadata.name, `${status.verdict} (${status.reason ?? ''})`);
      }
      const latest = samples.at(-1);
      if (samples.length % 20 === 0 && latest !== undefined) {
        say(
          `minute ${latest.minute.toFixed(0)}: control ${latest.control.toFixed(1)} MiB, agent ${latest.agent.toFixed(1)} MiB, ${verdicts.size} runs`,
        );
      }
    }
    await weigh();
    if (agentPids.size > 1) problems.push(`the agent was started ${agentPids.size} times`);
    const code = await instance.stop();
    if (code !== 0) problems.push(`serve ended with ${String(code)}`);
    if (instance.ledger().length > 0) problems.push(`the ledger still has ${instance.ledger().join(', ')}`);
  } finally {
    await instance.stop();
    await instance.dispose();
  }
  return result(samples, heaps, verdicts, problems, minutes);
}

function result(
  samples: SoakSample[],
  heaps: UsedHeaps[],
  verdicts: ReadonlyMap<string, string>,
  problems: string[],
  minutes: number,
): CampaignResult {
  const slopes = soakSlopes(samples);
  const [first, last] = heaps;
  if (first === undefined || last === undefined) problems.push('what the heaps hold was not measured twice');
  const growth = first && last && heapGrowth([first, last]);
  if (growth !== undefined) problems.push(...judgeHeaps(growth));
  problems.push(...judgeSoak(samples, slopes, [...verdicts.values()], minutes));
  const counts = Object.entries(Object.groupBy([...verdicts.values()], (verdict) => verdict));
  const verdictCounts = Object.fromEntries(counts.map(([verdict, runs]) => [verdict, runs?.length ?? 0]));
  const digits = (value: number) => value.toFixed(2);
  const rows = slopes.map(({ name, slope, margin, first, last, most }) => [
    name,
    ...[digits(first), digits(last), digits(most), `${digits(slope)} ± ${digits(margin)}`],
  ]);
  const text = [
    `${minutes} minutes, ${samples.length} samples, ${verdicts.size} runs that ended, ${problems.length} problems. Slopes are by least squares over the second half, with their 95 % interval.`,
    '',
    ...table(['what', 'first', 'last', 'most', 'slope an hour'], rows),
    '',
    'What the heaps of the processes hold after a full collection, in MiB:',
    '',
    ...table(
      ['minute', 'control', 'agent'],
      [
        ...heaps.map((one) => [digits(one.minute), digits(one.control), digits(one.agent)]),
        ...(growth === undefined ? [] : [['an hour', digits(growth.control), digits(growth.agent)]]),
      ],
    ),
    '',
    ...table(
      ['verdict', 'runs'],
      Object.entries(verdictCounts).map(([verdict, count]) => [verdict, String(count)]),
    ),
  ].join('\n');
  return { problems, text, data: { minutes, slopes, heaps, verdicts: verdictCounts, samples } };
}

/** Bytes of everything in a folder, by the entries of its first level. */
function sizesOf(folder: string): Record<string, number> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, sizeOf(join(folder, name))]));
}

function sizeOf(path: string): number {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry === undefined) return 0;
  if (!entry.isDirectory()) return entry.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}
