/**
 * Kills agent, control process, both, or a target's process at random instants of every phase of a run, again and again, and proves
 * after each kill that traffic is clean in time and nothing is left: `npm run torture -- --kills 300 --minutes 60 --seed 1 --instances 3`.
 * Boots one guest machine, or with --kernel own works on this machine's own kernel, where the fault is a delay, or without netem a
 * partition. Every kill is a JSON line in out/torture/kills.jsonl; a round that failed leaves its state folder beside it.
 */
import { randomInt } from 'node:crypto';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundle } from './bundle.ts';
import { writeEvidence } from './torture/evidence.ts';
import { type Kernel, kernels, runOn } from './torture/run-on.ts';
import type { KillRecord } from './torture/record.ts';
import { formatSummary, summarise } from './torture/summary.ts';

const campaignOn: Record<Kernel, string> = { guest: 'torture', own: 'torture-own-kernel' };
const root = fileURLToPath(new URL('..', import.meta.url));
const output = join(root, 'out/torture');
const option = (text: string) => ({ type: 'string', default: text }) as const;
const { values } = parseArgs({
  options: {
    kills: option('300'),
    minutes: option('60'),
    seed: option(String(randomInt(1, 2 ** 31))),
    instances: option('3'),
    kernel: option('guest'),
    evidence: { type: 'boolean', default: false },
  },
});

const kernel = kernels.find((name) => name === values.kernel);
if (kernel === undefined) throw new Error(`--kernel: expected one of ${kernels.join(', ')}; found '${values.kernel}'`);
rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
await bundle({ inside: join(root, 'scripts/torture/inside.ts') }, join(output, 'program'));
const started = Date.now();
const records: KillRecord[] = [];
console.log(`seed ${values.seed}: ${values.kills} kills, ${values.instances} instances at once`);
const code = await runOn(kernel, {
  root,
  writable: [output],
  args: [join(output, 'program/inside.js'), values.seed, values.kills, values.minutes, values.instances, kernel, output],
  onLine: (line) => {
    const record = JSON.parse(line) as KillRecord;
    records.push(record);
    appendFileSync(join(output, 'kills.jsonl'), `${line}\n`);
    console.log(progress(record));
  },
  limitMs: (Number(values.minutes) + 10) * 60_000,
});
const summary = summarise(records, { seed: Number(values.seed), asked: Number(values.kills), tookMs: Date.now() - started });
console.log(formatSummary(summary));
if (values.evidence)
  writeEvidence({ root, campaign: campaignOn[kernel], data: { ...summary, kills: records }, text: formatSummary(summary) });
process.exitCode = code === 0 && summary.failed === 0 && records.length === Number(values.kills) ? 0 : 1;

function progress({ number, victim, phase, met, verdict, reason, lastHurtMs, sweptMs, tookMs, problems }: KillRecord): string {
  const facts = [
    `${victim} in ${met}${met === phase ? '' : ` (aimed at ${phase})`}`,
    `${verdict ?? 'no verdict'} ${reason ?? ''}`,
  ];
  if (lastHurtMs !== undefined) facts.push(`last hurt ${lastHurtMs} ms after`);
  if (sweptMs !== undefined) facts.push(`swept in ${sweptMs} ms`);
  return [`${String(number).padStart(3)} ${facts.join(', ')}, round ${(tookMs / 1000).toFixed(1)} s`, ...problems].join(
    '\n    PROBLEM: ',
  );
}
