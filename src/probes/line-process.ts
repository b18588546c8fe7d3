import { spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import { startFailure } from '../lib/index.ts';

/** How a program ended; `stderr` is the newest part of what it said there. */
export type LineProcessEnd = { code: number | null; signal: NodeJS.Signals | null; stderr: string };

export type LineProcess = {
  pid: number | undefined;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the program has ended and every line was handed over; rejects when it could not be started. */
  ended: Promise<LineProcessEnd>;
};

export type LineProcessListeners = { stdout: (line: string) => void; stderr?: (line: string) => void };

/** A line longer than this is handed over in pieces. */
const longestLine = 64 * 1024;
const stderrKept = 4096;

/**
 * Starts a program that runs for long and hands over its output line by line. With `input`, that is written and its standard input
 * stays open until the program is killed or we die; without, it is empty. `inherit` are files of ours that it gets as its numbers 3, 4 ….
 */
export function startLineProcess(
  command: string,
  args: readonly string[],
  on: LineProcessListeners,
  { input, inherit = [] }: { input?: string; inherit?: readonly number[] } = {},
): LineProcess {
  let stderr = '';
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe', ...inherit] });
  const ended = new Promise<LineProcessEnd>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      reject(startFailure(command, error));
    });
    child.once('close', (code, signal) => {
      resolve({ code, signal, stderr: stderr.trim() });
    });
  });
  // Whoever started it may look at `ended` only later.
  ended.catch(() => undefined);
  const kill = (signal: NodeJS.Signals) => {
    child.kill(signal);
  };
  // Without a free file descriptor there are no pipes, and `ended` will say so.
  if (!child.stdin || !child.stdout || !child.stderr) return { pid: undefined, kill, ended };
  child.stdout.on('data', lines(on.stdout));
  child.stderr.on(
    'data',
    lines((line) => {
      stderr = `${stderr}${line}\n`.slice(-stderrKept);
      on.stderr?.(line);
    }),
  );
  child.stdin.on('error', () => {
    // The program ended without reading its input; its exit code tells why.
  });
  if (input === undefined) child.stdin.end();
  else child.stdin.write(input);
  return { pid: child.pid, kill, ended };
}

function lines(onLine: (line: string) => void): (chunk: Buffer) => void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return (chunk) => {
    const parts = (rest + decoder.write(chunk)).split('\n');
    rest = parts.pop() ?? '';
    if (rest.length > longestLine) {
      parts.push(rest);
      rest = '';
    }
    for (const part of parts) onLine(part);
  };
}
