/** The real observer as processes of this machine, with the shipped account's rights and nothing more. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { inject } from 'vitest';
import { type Exporter, receivingAt } from '../../cli/network/exporter.ts';
import type { Client } from './client.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { until } from './until.ts';

export type TestObserver = {
  log: () => string;
  /** Where it receives sFlow: once there is a monitor that asks for it. */
  untilReceiving: () => Promise<Exporter['to']>;
  end: (signal: 'SIGTERM' | 'SIGKILL') => Promise<void>;
};

export type Observers = AsyncDisposable & { start: () => TestObserver };

export async function prepareObservers(admin: Client): Promise<Observers> {
  const folder = mkdtempSync(join(tmpdir(), 'squall-observers-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const token = (await admin.must(['create', 'token', 'squall-observer', '-n', 'squall-system', '--duration=2h'])).trim();
  writeFileSync(kubeconfig, kubeconfigText({ ...inject('controlPlane'), token }), { mode: 0o600 });
  const started: TestObserver[] = [];
  const place = ['--listen', '127.0.0.1:0', '--metrics', 'none', '--lease-seconds', '3'];
  return {
    start: () => {
      const args = [resolve('bin/squall.js'), 'observer', '--kubeconfig', kubeconfig, ...place];
      const observer = observerOf(spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] }));
      started.push(observer);
      return observer;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(started.map(({ end }) => end('SIGTERM')));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function observerOf(child: ChildProcess): TestObserver {
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (log += text));
  const closed = once(child, 'close');
  return {
    log: () => log,
    untilReceiving: () => until('the observer receives sFlow', () => Promise.resolve(receivingAt(log)), { instead: () => log }),
    end: async (signal) => {
      child.kill(signal);
      await closed;
    },
  };
}
