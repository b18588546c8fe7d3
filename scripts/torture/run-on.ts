/** Runs a bundled program of ours, in the guest machine or on this machine's own kernel, and hands over what it prints, line by line. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { runInGuest } from '../../src/lab/guest/index.ts';

export const kernels = ['guest', 'own'] as const;
export type Kernel = (typeof kernels)[number];

export type BundledProgram = {
  root: string;
  writable: readonly string[];
  args: readonly string[];
  onLine: (line: string) => void;
  limitMs: number;
};

/** @returns its exit code; rejects when it has not ended after `limitMs` */
export async function runOn(kernel: Kernel, { root, writable, args, onLine, limitMs }: BundledProgram): Promise<number> {
  const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${join(root, 'node_modules/.bin')}:${systemPath}` };
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', ...args];
  const signal = AbortSignal.timeout(limitMs);
  let rest = '';
  const onStdout = (data: Buffer) => {
    const lines = (rest + data.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  };
  if (kernel === 'guest') {
    return await runInGuest({
      command,
      cwd: root,
      env,
      writable,
      onStdout,
      onStderr: (data) => process.stderr.write(data),
      onProgress: (text) => process.stderr.write(`${text}\n`),
      signal,
    });
  }
  const [program = '', ...words] = command;
  const child = spawn(program, words, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'], signal });
  child.stdout.on('data', onStdout);
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
}
