import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/cli/doctor/diagnose.ts';
import { lockState } from '../../../src/cli/state-lock.ts';
import { runProgram } from '../../../src/lib/index.ts';

const timeout = 120_000;
const program = resolve('src/cli/main.ts');

describe('squall doctor', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'squall-doctor-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function doctor(env: NodeJS.ProcessEnv, ...args: string[]) {
    const all = ['--no-warnings', program, 'doctor', ...args];
    return await runProgram(process.execPath, all, { env: { ...process.env, ...env }, timeoutMs: timeout });
  }

  async function diagnosis(state: string, env: NodeJS.ProcessEnv = {}) {
    const { stdout, stderr, code } = await doctor(env, '-o', 'json', '--state', state);
    expect(stderr).toBe('');
    const { ready, findings } = JSON.parse(stdout) as { ready: boolean; findings: Finding[] };
    return { code, ready, of: (check: string) => findings.find((finding) => finding.check === check) };
  }

  it(
    'tries this kernel for real, and leaves nothing behind',
    async () => {
      const state = join(folder, 'state');
      const { code, ready, of } = await diagnosis(state);
      expect(code).toBe(ready ? 0 : 3);
      expect(of('rights')?.level).toBe('ok');
      expect(of('kernel nft-set-timeout')).toMatchObject({ level: 'ok', found: 'nft did it in a scratch namespace' });
      expect(of('tool tc')?.found).toMatch(/iproute2.*\(\/.*\/tc\)/);
      expect(of('state folder')?.found).toMatch(/not made yet/);
      expect(of('running serve')?.found).toBe('none');
      expect(existsSync(state)).toBe(false);
    },
    timeout,
  );

  it(
    'sees who has the state folder without taking it',
    async () => {
      expect((await diagnosis(folder)).of('state lock')?.found).toBe('free');
      expect(await readdir(folder)).toEqual([]);
      using _locked = lockState(folder);
      expect((await diagnosis(folder)).of('state lock')?.found).toMatch(/^taken/);
    },
    timeout,
  );

  it(
    'ends with 3 where a run would be refused, and says what to do',
    async () => {
      const path = join(folder, 'bin');
      const { stdout, code } = await doctor({ PATH: path }, '--state', folder);
      expect(code).toBe(3);
      expect(stdout).toMatch(/^fail {2}tool tc +not in PATH\n +→ .*install.*iproute/m);
    },
    timeout,
  );
});
