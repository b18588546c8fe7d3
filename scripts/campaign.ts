/**
 * Runs a campaign in the guest machine, or with --kernel own on this machine's kernel: `npm run campaign -- soak --minutes 60`, `serve-ten-minutes`, `ten-experiments`, `fault-table`, `fault-orders`, `sflow-fuzz`, `sflow-false-alarms` (whose minutes are simulated), `sflow-abort-latency --runs 20`.
 * With --evidence what it has shown is written to docs/evidence.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundle } from './bundle.ts';
import type { CampaignResult } from './campaigns/result.ts';
import { writeEvidence } from './torture/evidence.ts';
import { kernels, runOn } from './torture/run-on.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const minutesOf: Record<string, string> = {
  soak: '60',
  'serve-ten-minutes': '10',
  'ten-experiments': '10',
  'fault-table': '10',
  'fault-orders': '40',
  'sflow-fuzz': '20',
  'sflow-false-alarms': '1200',
  'sflow-abort-latency': '20',
};
/** No kernel has a part in them: they run here, whatever --kernel says. */
const withoutKernel = new Set(['sflow-fuzz', 'sflow-false-alarms']);
/** They are about what a machine of its own does in time, and need nothing that only the guest's kernel has. */
const onOwnKernel = new Set(['sflow-abort-latency']);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string' },
    kernel: { type: 'string' },
    seed: { type: 'string', default: '1' },
    runs: { type: 'string' },
    evidence: { type: 'boolean', default: false },
  },
});
const [name = ''] = positionals;
const minutes = values.minutes ?? minutesOf[name];

if (minutesOf[name] === undefined || minutes === undefined) {
  console.error(`expected a campaign: ${Object.keys(minutesOf).join(', ')}; found '${name}'`);
  process.exitCode = 2;
} else {
  process.exitCode = await run(name, minutes);
}

async function run(campaign: string, length: string): Promise<number> {
  const asked = values.kernel ?? (onOwnKernel.has(campaign) ? 'own' : 'guest');
  const kernel = withoutKernel.has(campaign) ? 'own' : kernels.find((one) => one === asked);
  if (kernel === undefined) throw new Error(`--kernel: expected one of ${kernels.join(', ')}; found '${asked}'`);
  const output = join(root, 'out/campaigns', campaign);
  mkdirSync(output, { recursive: true });
  await bundle({ inside: join(root, 'scripts/campaigns/inside.ts') }, output);
  let result: CampaignResult | undefined;
  const code = await runOn(kernel, {
    root,
    writable: [output],
    args: [join(output, 'inside.js'), campaign, values.seed, length, ...(values.runs === undefined ? [] : [values.runs])],
    onLine: (line) => {
      result = JSON.parse(line) as CampaignResult;
    },
    limitMs: (Number(length) + 20) * 60_000,
  });
  if (result === undefined) {
    console.error(`${campaign} gave no result; it ended with ${code}`);
    return 1;
  }
  const { problems, text, data } = result;
  console.log([`# ${campaign}`, '', text, ...problems.map((problem) => `PROBLEM: ${problem}`)].join('\n'));
  const listed = problems.map((problem) => `- ${problem}`).join('\n');
  if (values.evidence) {
    writeEvidence({
      root,
      campaign:
        kernel === 'own' && !withoutKernel.has(campaign) && !onOwnKernel.has(campaign) ? `${campaign}-own-kernel` : campaign,
      data: { problems, ...data },
      text: problems.length === 0 ? text : `${text}\n\nProblems:\n\n${listed}`,
    });
  }
  return problems.length === 0 ? 0 : 1;
}
