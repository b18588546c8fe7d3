/** `squall serve` as a person starts it, on a state folder of its own, on this kernel. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createStore, type Store, transportFor } from '../../../src/store/index.ts';

const program = resolve('bin/squall.js');
/** Long, since other tests keep the processors busy; nothing is judged by how long it takes. */
const patienceMs = 60_000;

export type Ended = { code: number | null; stderr: string };
export type Serving = {
  process: ChildProcess;
  store: Store;
  /** Resolves once a line of its log matches. */
  logged: (pattern: RegExp) => Promise<string>;
  ended: Promise<Ended>;
};

/** Runs the program to its end. */
export async function squall(...args: string[]): Promise<Ended> {
  return await start(args).ended;
}

export function startServe(folder: string, state: string, ...more: string[]): Serving {
  return { ...start(['serve', folder, '--state', state, '--listen', 'none', ...more]), store: storeOf(state) };
}

export function storeOf(state: string): Store {
  return createStore(transportFor({ socket: join(state, 'api.sock') }));
}

function start(args: readonly string[]): Omit<Serving, 'store'> {
  // As inside the guest: this kernel is taken as it is, also without netem. No experiment here gets so far as to need it.
  const env = { ...process.env, SQUALL_GUEST: '1', SQUALL_GUEST_WHY: 'a test takes this kernel as it is' };
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'pipe'], env });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stderr }));
  const logged = async (pattern: RegExp) =>
    await eventually(`a log line like ${String(pattern)}`, () => {
      const line = stderr.split('\n').find((text) => pattern.test(text));
      if (line === undefined && child.exitCode !== null) throw new Error(`it ended with ${String(child.exitCode)}: ${stderr}`);
      return line;
    });
  return { process: child, logged, ended };
}

/** Asks until there is an answer. */
export async function eventually<T>(what: string, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const end = performance.now() + patienceMs;
  while (performance.now() < end) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await sleep(100);
  }
  throw new Error(`waited in vain for ${what}`);
}
