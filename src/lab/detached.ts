import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { type ProcessIdentity, readStartTime } from './process-table.ts';

export type DetachedProcess = {
  child: ChildProcess;
  identity: ProcessIdentity;
  /** Resolves when the process ends; null when a signal ended it. */
  ended: Promise<number | null>;
};

export type DetachedOptions = {
  /** Standard output and error are appended to it. */
  logFile: string;
  env: NodeJS.ProcessEnv;
  cwd?: string;
  /** With a channel for messages, which the caller disconnects before it ends. @default false */
  channel?: boolean;
};

/** Starts a program in a session of its own, so that it outlives the caller and is one group to end. Undefined when it could not be started. */
export function startDetached(program: string, args: readonly string[], options: DetachedOptions): DetachedProcess | undefined {
  const { logFile, env, cwd, channel = false } = options;
  const log = openSync(logFile, 'a', 0o644);
  let child: ChildProcess;
  try {
    child = spawn(program, args, { detached: true, stdio: ['ignore', log, log, ...(channel ? ['ipc' as const] : [])], cwd, env });
  } finally {
    closeSync(log);
  }
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', resolve);
    child.once('error', () => {
      resolve(null);
    });
  });
  child.unref();
  const startTime = child.pid === undefined ? undefined : readStartTime(child.pid);
  if (child.pid === undefined || startTime === undefined) return undefined;
  return { child, identity: { pid: child.pid, startTime }, ended };
}
