/** The part of the torture that meets the kernel: prints one JSON line a kill to standard output. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { playCampaign } from './campaign.ts';
import { faultOfKernel } from './fault-of-kernel.ts';
import { emulatedPhaseMs, nativePhaseMs, planKills } from './kill-plan.ts';

const [seed = NaN, kills = NaN, minutes = NaN, instances = NaN] = process.argv.slice(2, 6).map(Number);
const [kernel = '', output = ''] = process.argv.slice(6);
const folder = mkdtempSync(join(tmpdir(), 'squall-torture-'));
const records = await playCampaign({
  folder,
  kills: planKills(seed, kills, kernel === 'own' ? nativePhaseMs : emulatedPhaseMs),
  fault: await faultOfKernel(),
  instances,
  until: Date.now() + minutes * 60_000,
  onRecord: (record) => process.stdout.write(`${JSON.stringify(record)}\n`),
  onFailure: ({ number }, place) => {
    cpSync(place, join(output, `failed-${number}`), { recursive: true, filter: (file) => !file.endsWith('.sock') });
  },
});
rmSync(folder, { recursive: true, force: true });
process.exitCode = records.length > 0 && records.every(({ problems }) => problems.length === 0) ? 0 : 1;
