import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { squall } from '../squall.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'squall-profile-test-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('squall profile', () => {
  it('prints a manifest that squall validate takes', async () => {
    const [recording, manifest] = [join(folder, 'wan.csv'), join(folder, 'wan.yaml')];
    writeFileSync(recording, 'seconds,rtt_ms,loss_percent\n0,20,0\n5,120,2.5\n');
    const { code, stdout } = await squall('profile', recording, '--selector', 'app=payments', '-n', 'shop');
    expect(code).toBe(0);
    writeFileSync(manifest, stdout);
    const validated = await squall('validate', manifest);
    expect(validated.stdout).toContain('OK: NetworkTrafficShaper shop/wan');
  });

  it('prints nothing, and exits with 2, for a file that is not there', async () => {
    const { code, stdout, stderr } = await squall('profile', join(folder, 'missing.csv'), '--target', 'a');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/missing\.csv cannot be read: .*expected a CSV file/);
  });
});
