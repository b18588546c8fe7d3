/** Scheduled runs one after the other for as long as is asked, while the memory of both processes and the state folder are measured. */
import { lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { experiments } from '../../src/control/index.ts';
import { createInstance } from '../torture/instance.ts';
import { residentBytes } from '../torture/processes.ts';
import { table } from '../torture/summary.ts';
import { schedule } from './manifests.ts';
import type { CampaignOptions, CampaignResult } from './result.ts';
import { judgeSoak, type SoakSample, soakSlopes } from './soak-judgement.ts';

const namespace = 'soak';
const sampleMs = 15_000;
const bytesPerMebibyte = 1024 * 1024;

export async function soak({ folder, minutes, say }: CampaignOptions): Promise<CampaignResult> {
  const served = join(folder, 'experiments');
  mkdirSync(served, { recursive: true });
  const run = { namespace, targets: ['server-0'], client: 'client', durationSeconds: 12, delayMs: 100, lossPercentTolerated: 60 };
  writeFileSync(join(served, 'often.json'), JSON.stringify(schedule('often', '*/30 * * * * *', run)));
  const instance = await createInstance({ folder, serverCount: 1, namespace });
  const samples: SoakSample[] = [];
  const problems: string[] = [];
  const verdicts = new Map<string, string>();
  try {
    await instance.start();
    const began = Date.now();
    const agentPids = new Set<number>();
    while (Date.now() - began < minutes * 60_000) {
      await sleep(sampleMs);
      const agent = instance.agent();
      const control = instance.control();
      if (control === undefined) throw new Error(`serve has ended: ${instance.lastWords()}`);
      if (agent !== undefined) agentPids.add(agent.pid);
      samples.push({
        minute: (Date.now() - began) / 60_000,
        control: (residentBytes(control) ?? 0) / bytesPerMebibyte,
        agent: agent === undefined ? 0 : (residentBytes(agent.pid) ?? 0) / bytesPerMebibyte,
        folder: sizesOf(instance.stateFolder),
      });
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
    if (agentPids.size > 1) problems.push(`the agent was started ${agentPids.size} times`);
    const code = await instance.stop();
    if (code !== 0) problems.push(`serve ended with ${String(code)}`);
    if (instance.ledger().length > 0) problems.push(`the ledger still has ${instance.ledger().join(', ')}`);
  } finally {
    await instance.stop();
    await instance.dispose();
  }
  return result(samples, verdicts, problems, minutes);
}

function result(
  samples: SoakSample[],
  verdicts: ReadonlyMap<string, string>,
  problems: string[],
  minutes: number,
): CampaignResult {
  const slopes = soakSlopes(samples);
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
    ...table(
      ['verdict', 'runs'],
      Object.entries(verdictCounts).map(([verdict, count]) => [verdict, String(count)]),
    ),
  ].join('\n');
  return { problems, text, data: { minutes, slopes, verdicts: verdictCounts, samples } };
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
