/** The part of a campaign that runs in the guest machine: what is going on to standard error, its result as one line to standard output. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { faultOrders } from './fault-orders.ts';
import { faultTable } from './fault-table.ts';
import type { CampaignOptions, CampaignResult } from './result.ts';
import { sflowAbortLatency } from './sflow-abort-latency.ts';
import { sflowFalseAlarms } from './sflow-false-alarms.ts';
import { sflowFuzz } from './sflow-fuzz.ts';
import { soak } from './soak.ts';
import { tenExperiments } from './ten-experiments.ts';
import { tenMinutes } from './ten-minutes.ts';

const campaigns: Record<string, (options: CampaignOptions) => Promise<CampaignResult>> = {
  'fault-orders': faultOrders,
  'fault-table': faultTable,
  'ten-experiments': tenExperiments,
  'serve-ten-minutes': tenMinutes,
  'sflow-abort-latency': sflowAbortLatency,
  'sflow-false-alarms': sflowFalseAlarms,
  'sflow-fuzz': sflowFuzz,
  soak,
};

const [name = '', seed = '1', minutes = '10', runs] = process.argv.slice(2);
const campaign = campaigns[name];
if (campaign === undefined) throw new Error(`there is no campaign '${name}'; there are ${Object.keys(campaigns).join(', ')}`);
const folder = mkdtempSync(join(tmpdir(), 'squall-campaign-'));
const result = await campaign({
  folder,
  seed: Number(seed),
  minutes: Number(minutes),
  ...(runs === undefined ? {} : { runs: Number(runs) }),
  say: (text) => process.stderr.write(`${text}\n`),
});
process.stdout.write(`${JSON.stringify(result)}\n`);
rmSync(folder, { recursive: true, force: true });
