import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { SquallError } from './errors.ts';
import { startFailure } from './start-failure.ts';

export type ProgramResult = { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string };

export type ProgramOptions = {
  input?: string;
  /** The program is killed when this fires, and the call rejects. */
  signal?: AbortSignal;
  /** Milliseconds; @default 30000 */
  timeoutMs?: number;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** A time-out also kills what the program has started: for shells, whose programs would keep its output open. @default false */
  killsGroup?: boolean;
};

/** A command line in a message: long arguments say little and hide the rest. */
function describe(command: string, args: readonly string[]): string {
  const line = [command, ...args].join(' ');
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}

/** At most this much of each output stream is kept; the rest is read and dropped. */
const outputLimit = 16 * 1024 * 1024;

/**
 * Runs a program from an argument array (never a shell) and collects what it printed. A non-zero exit is a result, not an
 * exception; it rejects with ToolMissing when there is no such program, and with Unavailable when the time is up or no program can
 * be started now.
 */
export async function runProgram(command: string, args: readonly string[], options: ProgramOptions = {}): Promise<ProgramResult> {
  const { input, signal, timeoutMs = 30_000, env, cwd, killsGroup = false } = options;
  signal?.throwIfAborted();
  return await new Promise<ProgramResult>((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: env ?? process.env, cwd, detached: killsGroup });
    const output = { stdout: '', stderr: '' };
    let failure: Error | undefined;
    const stop = (reason: Error) => {
      failure ??= reason;
      if (killsGroup && child.pid !== undefined) killGroup(child.pid);
      else child.kill('SIGKILL');
    };
    const timer = setTimeout(() => {
      stop(new SquallError('Unavailable', `${describe(command, args)} did not end within ${timeoutMs} ms`));
    }, timeoutMs);
    const onAbort = () => {
      stop(new SquallError('Unavailable', `${command} was stopped`, { cause: signal?.reason }));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    child.once('error', (error: NodeJS.ErrnoException) => {
      finish(() => {
        reject(startFailure(command, error));
      });
    });
    // Without a free file descriptor there are no pipes, whatever the types say; the error is yet to come.
    if ((child.stdin as Writable | undefined) === undefined) return;
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (chunk: string) => {
        if (output[name].length < outputLimit) output[name] += chunk;
      });
    }
    child.stdin.on('error', () => {
      // A program that ends without reading its input closes the pipe; its exit code tells what happened.
    });
    child.stdin.end(input ?? '');
    child.once('close', (code, killedBy) => {
      finish(() => {
        if (failure === undefined) resolve({ code, signal: killedBy, ...output });
        else reject(failure);
      });
    });
  });
}

/** The group of a program that was started as the first of one; fine when nobody of it is left. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
