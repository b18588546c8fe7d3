/** Runs a bundled program of ours in the guest machine and hands over what it prints, line by line. */
import { dirname, join } from 'node:path';
import { runInGuest } from '../../src/lab/guest/index.ts';

export type InsideProgram = {
  root: string;
  writable: readonly string[];
  args: readonly string[];
  onLine: (line: string) => void;
  limitMs: number;
  /** @default 2048 */
  memoryMb?: number;
};

export async function runHere({ root, writable, args, onLine, limitMs, memoryMb }: InsideProgram): Promise<number> {
  const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  let rest = '';
  return await runInGuest({
    command: [process.execPath, '--disable-warning=ExperimentalWarning', ...args],
    cwd: root,
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${join(root, 'node_modules/.bin')}:${systemPath}` },
    writable,
    memoryMb,
    onStdout: (data) => {
      const lines = (rest + data.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    },
    onStderr: (data) => process.stderr.write(data),
    onProgress: (text) => process.stderr.write(`${text}\n`),
    signal: AbortSignal.timeout(limitMs),
  });
}
