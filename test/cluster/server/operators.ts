/** The real operator as processes of this machine, with the shipped account's rights and nothing more. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Client } from './client.ts';
import { kubeconfigText } from './kubeconfig.ts';

export type Operators = AsyncDisposable & {
  /** Starts one more. */
  start(): ChildProcess;
  /** The one that leads, by its Lease; undefined while nobody does. */
  leader: () => Promise<ChildProcess | undefined>;
  /** Ends it with kill -9. */
  kill(operator: ChildProcess): Promise<void>;
  words(): string;
};

/** The shortest lease of a fault is three times as long. */
export const leaseSeconds = 3;

export async function prepareOperators(admin: Client, plane: { url: string; ca: string }): Promise<Operators> {
  const folder = mkdtempSync(join(tmpdir(), 'squall-operators-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const token = (await admin.must(['create', 'token', 'squall-operator', '-n', 'squall-system', '--duration=2h'])).trim();
  writeFileSync(kubeconfig, kubeconfigText({ ...plane, token }), { mode: 0o600 });
  const running = new Map<ChildProcess, string>();
  const end = async (operator: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
    running.delete(operator);
    if (operator.exitCode !== null || operator.signalCode !== null) return;
    const ended = once(operator, 'exit');
    operator.kill(signal);
    await ended;
  };
  let count = 0;
  const logs = (): string[] => Array.from({ length: count }, (_, index) => join(folder, `operator-${index}.log`));
  return {
    start: () => {
      const log = join(folder, `operator-${count}.log`);
      count += 1;
      const descriptor = openSync(log, 'w');
      const args = ['operator', '--kubeconfig', kubeconfig, '--listen', 'none', '--lease-seconds', String(leaseSeconds)];
      const operator = spawn(process.execPath, [resolve('bin/squall.js'), ...args], {
        stdio: ['ignore', descriptor, descriptor],
      });
      closeSync(descriptor);
      running.set(operator, log);
      return operator;
    },
    leader: async () => {
      const lease = ['get', 'lease', 'squall-operator', '-n', 'squall-system', '-o', 'jsonpath={.spec.holderIdentity}'];
      const holder = (await admin.kubectl(lease)).stdout;
      if (holder === '') return undefined;
      // Each says at its start who it is.
      return [...running].find(([, log]) => readFileSync(log, 'utf8').includes(holder))?.[0];
    },
    kill: async (operator) => {
      await end(operator, 'SIGKILL');
    },
    words: () =>
      logs()
        .map((log) => readFileSync(log, 'utf8'))
        .join('\n'),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(
        [...running.keys()].map(async (operator) => {
          await end(operator, 'SIGTERM');
        }),
      );
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
