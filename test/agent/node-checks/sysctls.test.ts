/** Where the network namespace is a scratch one, and the sysctl a pipe that nobody reads, so that writing it lasts. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';

vi.setConfig({ testTimeout: 60_000 });

const isRoot = process.getuid?.() === 0;
const module = new URL('../../../src/agent/node-checks/sysctls.ts', import.meta.url).href;

/** Processes that write the file. */
function writersOf(file: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(`tee\0${file}`);
      } catch {
        // It has ended meanwhile.
        return false;
      }
    })
    .map(Number);
}

describe.skipIf(!isRoot)('writeSysctl', () => {
  it('writes nothing any more once the agent is killed', async () => {
    const root = mkdtempSync(join(tmpdir(), 'squall-sysctls-'));
    const file = join(root, 'proc/sys/net/core/somaxconn');
    mkdirSync(join(root, 'proc/sys/net/core'), { recursive: true });
    execFileSync('mkfifo', [file]);
    const place = JSON.stringify({ netNamespace: '/proc/self/ns/net', root });
    const script = `import(${JSON.stringify(module)}).then(({ writeSysctl }) => writeSysctl(${place}, 'net.core.somaxconn', '1'))`;
    const agent = spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
    try {
      await expect.poll(() => writersOf(file), { timeout: 20_000 }).toHaveLength(1);
      agent.kill('SIGKILL');
      await once(agent, 'exit');
      await expect.poll(() => writersOf(file), { timeout: 5000 }).toEqual([]);
    } finally {
      agent.kill('SIGKILL');
      for (const pid of writersOf(file)) process.kill(pid, 'SIGKILL');
      rmSync(root, { recursive: true });
    }
  });
});
