import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { playCampaign } from '../../scripts/torture/campaign.ts';
import { faultOfKernel } from '../../scripts/torture/fault-of-kernel.ts';
import { planKills } from '../../scripts/torture/kill-plan.ts';

/** The first kills of this seed are of the target, of its namespace, and of everybody as the fault takes a step, each while a fault is in the kernel. */
const seed = 248;
const count = 3;

describe('a sample of the torture', () => {
  it('leaves traffic clean in time and nothing behind, whoever is killed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'squall-torture-'));
    const kills = planKills(seed, count);
    assert.equal(new Set(kills.map(({ victim }) => victim)).size, count);
    try {
      const records = await playCampaign({
        folder,
        kills,
        fault: await faultOfKernel(),
        instances: 2,
        until: Infinity,
        onRecord: (record) => {
          console.log(JSON.stringify(record));
        },
        onFailure: () => undefined,
      });
      assert.deepEqual(
        records.flatMap(({ problems }) => problems),
        [],
      );
      assert.equal(records.length, kills.length);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
