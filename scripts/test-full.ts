/** The whole program and all tables of cases in the guest, then every campaign in full, one after the other, each with its evidence in docs/evidence: about four hours. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const campaigns = [
  ['test-kernel.ts', '--program'],
  ['test-kernel.ts', '--matrix'],
  ['campaign.ts', 'sflow-fuzz', '--evidence'],
  ['torture.ts', '--kills', '300', '--minutes', '90', '--evidence'],
  ['torture.ts', '--kernel', 'own', '--kills', '300', '--instances', '2', '--minutes', '60', '--evidence'],
  ['campaign.ts', 'ten-experiments', '--evidence'],
  ['campaign.ts', 'serve-ten-minutes', '--kernel', 'own', '--evidence'],
  ['campaign.ts', 'fault-table', '--evidence'],
  ['campaign.ts', 'fault-orders', '--evidence'],
  ['campaign.ts', 'sflow-false-alarms', '--evidence'],
  ['campaign.ts', 'sflow-abort-latency', '--evidence'],
  ['campaign.ts', 'soak', '--kernel', 'own', '--minutes', '60', '--evidence'],
];

const failed: string[] = [];
for (const [program = '', ...args] of campaigns) {
  const child = spawn(process.execPath, [join(root, 'scripts', program), ...args], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) failed.push([program, ...args].join(' '));
}
console.log(failed.length === 0 ? 'all of it held' : `failed: ${failed.join('; ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
