import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'squall-in-guest-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Of a machine whose apt takes for ever: the guest is being made when the signal comes. */
function slowApt(): string {
  const programs = join(folder, 'programs');
  mkdirSync(programs);
  for (const name of ['apt-get', 'apt-cache']) {
    writeFileSync(join(programs, name), `#!/bin/sh\necho $$ > ${join(folder, 'pid')}\nexec sleep 600\n`);
    chmodSync(join(programs, name), 0o755);
  }
  return `${programs}:${process.env.PATH ?? ''}`;
}

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  '%s while the guest is made ends at once and leaves nothing behind',
  async (signal, code) => {
    const [state, cache, temporary] = ['state', 'cache', 'tmp'].map((name) => join(folder, name)) as [string, string, string];
    mkdirSync(temporary);
    const env = { ...process.env, PATH: slowApt(), SQUALL_GUEST_CACHE: cache, TMPDIR: temporary };
    const args = ['run', resolve('experiments/checkout-delay.yaml'), '--guest', 'always', '--state', state];
    const child = spawn(process.execPath, ['--no-warnings', resolve('src/cli/main.ts'), ...args], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const closed = once(child, 'close');
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    await expect.poll(() => existsSync(join(folder, 'pid')), { timeout: 30_000 }).toBe(true);
    expect(stderr).toMatch(/fetching the guest machine/);
    child.kill(signal);
    expect(await closed).toEqual([code, null]);
    expect([readdirSync(cache), readdirSync(temporary), readdirSync(state)]).toEqual([[], [], ['lock']]);
    const pid = readFileSync(join(folder, 'pid'), 'utf8').trim();
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  },
  60_000,
);
