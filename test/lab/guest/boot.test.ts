import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ensureGuestImage, guestCacheFolder, type GuestOptions, startGuest } from '../../../src/lab/guest/index.ts';
import { codeOf, messageOf } from '../../../src/lib/index.ts';

// A loaded machine emulates a processor slowly; these only bound what hangs.
const bootLimit = 120_000;
const share = mkdtempSync(join(tmpdir(), 'squall-guest-share-'));
const env = { ...process.env, PATH: `${dirname(process.execPath)}:/usr/sbin:/usr/bin:/sbin:/bin`, GREETING: "it's here" };

beforeAll(async () => {
  await ensureGuestImage(guestCacheFolder(), () => undefined);
}, 600_000);
afterAll(() => {
  rmSync(share, { recursive: true });
});

/** Starts a guest and lets a test await what it prints. */
async function start(command: string[], options: Partial<GuestOptions> = {}) {
  const output = { stdout: '', stderr: '' };
  const waiting: { text: string; resolve: () => void }[] = [];
  const collect = (name: 'stdout' | 'stderr') => (data: Buffer) => {
    output[name] += data.toString();
    for (const { text, resolve } of waiting) if (output[name].includes(text)) resolve();
  };
  const end = new AbortController();
  onTestFinished(() => {
    end.abort(); // What a failed test leaves running would disturb the next.
  });
  const base = {
    command,
    cwd: share,
    env,
    writable: [share],
    onStdout: collect('stdout'),
    onStderr: collect('stderr'),
    signal: end.signal,
  };
  const guest = await startGuest({ ...base, ...options });
  const printed = (text: string) => {
    const seen = new Promise<void>((resolve) => waiting.push({ text, resolve }));
    return Promise.race([
      seen,
      guest.exitCode.then((code) => Promise.reject(new Error(`exit ${String(code)} before '${text}'`))),
    ]);
  };
  return { guest, output, printed };
}

/** Processes whose arguments name the text. */
function guestProcesses(pattern: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(pattern);
      } catch {
        return false; // It ended meanwhile.
      }
    });
}

async function until(condition: () => boolean, limitMs = 10_000): Promise<boolean> {
  const limit = performance.now() + limitMs;
  while (!condition() && performance.now() < limit) await new Promise((resolve) => setTimeout(resolve, 20));
  return condition();
}

const program = (name: string) => fileURLToPath(new URL(name, import.meta.url));

describe('a command in the guest', () => {
  it(
    'prints, fails and is interrupted as it would be here, in its folder and environment',
    async () => {
      const script = `
        trap 'echo interrupted; count=$((count + 1))' INT
        trap 'echo terminated; exit 5' TERM
        trap 'stty size <&5' WINCH
        exec 5>&1
        echo "$PWD $GREETING $(id -u) $(test -t 5 && echo terminal) $(stty size <&5)"; echo complaint >&2
        echo "$(date +%s) seconds"
        while :; do read -t 0.2 <> <(:); done`;
      const { guest, output, printed } = await start(['bash', '-c', script], { terminal: { columns: 99, rows: 33 } });
      await printed('seconds');
      const seconds = Number(/(\d+) seconds/.exec(output.stdout)?.[1]);
      expect(Math.abs(Date.now() / 1000 - seconds)).toBeLessThan(3);
      expect(output.stdout).toContain(`${share} it's here 0 terminal 33 99\n`);
      guest.resize(120, 50);
      await printed('50 120');
      guest.sendSignal('SIGINT');
      await printed('interrupted\n');
      guest.sendSignal('SIGINT');
      await printed('interrupted\ninterrupted\n');
      guest.sendSignal('SIGTERM');
      expect(await guest.exitCode).toBe(5);
      expect(output.stdout.endsWith('terminated\n')).toBe(true);
      expect(output.stderr).toBe('complaint\n');
    },
    bootLimit,
  );

  it(
    'leaves what it wrote to a shared folder when its machine is killed, and a start afterwards reads it',
    async () => {
      const { guest, output, printed } = await start([process.execPath, program('writer.js'), share]);
      await printed('written');
      expect(output.stdout).toContain('socket answers');
      expect(guestProcesses(share)).not.toEqual([]);
      process.kill(guest.qemuPid() ?? 0, 'SIGKILL');
      const error: unknown = await guest.exitCode.catch((reason: unknown) => reason);
      expect(codeOf(error)).toBe('GuestFailed');
      expect(messageOf(error)).toContain('ended by itself');
      expect(await until(() => guestProcesses(share).length === 0)).toBe(true);
      expect(readFileSync(join(share, 'journal'), 'utf8')).toBe('first\nsecond\n');
      expect(statSync(join(share, 'renamed')).size).toBe(4);
      using store = new DatabaseSync(join(share, 'store.db'));
      expect(store.prepare('SELECT count(*) AS rows FROM things').get()).toEqual({ rows: 100 });
      expect(existsSync('/outside-the-share')).toBe(false);
    },
    bootLimit,
  );

  it(
    'ends with the process that started it, even by kill -9, and leaves no file behind',
    async () => {
      const before = temporaryFiles();
      const parent = spawn(process.execPath, [program('parent.ts')], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const qemu = line.toString().trim();
      const shareDaemons = childrenOf(parent.pid ?? 0);
      expect(readlinkSync(`/proc/${qemu}/exe`)).toContain('qemu-system-x86_64');
      expect(shareDaemons).toHaveLength(2);
      parent.kill('SIGKILL');
      expect(await until(() => shareDaemons.every((pid) => !existsSync(`/proc/${pid}`)))).toBe(true);
      expect(temporaryFiles()).toEqual(before);
    },
    bootLimit,
  );

  it(
    'that ends in a panic of the kernel is an error with the last lines of its console',
    async () => {
      const { guest } = await start(['sh', '-c', 'echo 1 > /proc/sys/kernel/sysrq; echo c > /proc/sysrq-trigger']);
      const error: unknown = await guest.exitCode.catch((reason: unknown) => reason);
      expect(codeOf(error)).toBe('GuestFailed');
      expect(messageOf(error)).toMatch(/the guest's kernel panicked \(Kernel panic.*sysrq.*\); its console ended with:\n/);
    },
    bootLimit,
  );

  it('ends the boot with the code of a signal that comes before the command has started', async () => {
    const { guest } = await start(['sleep', '600']);
    guest.sendSignal('SIGINT');
    expect(await guest.exitCode).toBe(130);
  });

  it('that does not boot in time is an error that says so', async () => {
    const { guest } = await start(['true'], { bootLimitMs: 10 });
    await expect(guest.exitCode).rejects.toThrow(/did not boot within 0.01 s.*; so did the 2 before it$/s);
  });

  it(
    'runs in another machine when the first one hangs as it boots',
    async () => {
      const progress: string[] = [];
      const { guest, output } = await start(['echo', 'here'], {
        bootLimitMs: 30_000,
        onProgress: (text) => progress.push(text),
      });
      const first = guest.qemuPid() ?? 0;
      process.kill(first, 'SIGSTOP');
      expect(await guest.exitCode).toBe(0);
      expect(output.stdout).toBe('here\n');
      expect(guest.qemuPid()).not.toBe(first);
      expect(progress.join('\n')).toContain('hung as it booted: it did not boot within 30 s');
      expect(existsSync(`/proc/${String(first)}`)).toBe(false);
    },
    2 * bootLimit,
  );

  it.each([
    { writable: ['/'], expected: "cannot be '/'" },
    { writable: ['out'], expected: "'out' must be an absolute path" },
  ])('is refused a writable $writable', async ({ writable, expected }) => {
    await expect(start(['true'], { writable })).rejects.toThrow(expected);
  });
});

function childrenOf(pid: number): string[] {
  return readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8')
    .trim()
    .split(' ');
}

/** Whatever a run keeps outside its share: sockets' folders and ramdisks. Others may run guests, too: only lasting ones count. */
function temporaryFiles(): string[] {
  const image = join(guestCacheFolder(), 'machine-1');
  return readdirSync(image).filter((name) => name.startsWith('ramdisk-'));
}
