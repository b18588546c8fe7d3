/** A preview of what a squall serve has: every request that it makes, and every program that it starts, is written down. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as ask, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { experiments, type PlannedPreview, pods } from '../../../src/control/index.ts';
import { instanceId } from '../../../src/cli/state.ts';
import { runProgram } from '../../../src/lib/index.ts';
import { eventually } from '../serve/process.ts';
import { type Machine, shortRun, startMachine } from '../../control/machine.ts';

const program = resolve('src/cli/main.ts');

let machine: Machine;
let folder: string;
let proxy: Server;
let requests: string[];

/** Stands between the command and the server, and writes down what is asked. */
beforeEach(async () => {
  machine = await startMachine();
  machine.held = true;
  folder = mkdtempSync(join(tmpdir(), 'squall-preview-changes-'));
  requests = [];
  proxy = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming;
    requests.push(`${method} ${url}`);
    const socketPath = join(machine.folder, 'api.sock');
    const inner = ask({ socketPath, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(inner);
  });
  await new Promise<void>((listening) => proxy.listen(join(folder, 'api.sock'), listening));
  instanceId(folder);
  mkdirSync(join(folder, 'programs'));
  for (const name of ['tc', 'nft', 'ip', 'nsenter', 'unshare', 'setpriv', 'sysctl', 'fping']) {
    const file = join(folder, 'programs', name);
    writeFileSync(file, `#!/bin/sh\necho "${name} $*" >> ${join(folder, 'started')}\n`);
    chmodSync(file, 0o755);
  }
  writeFileSync(join(folder, 'started'), '');
});
afterEach(async () => {
  await new Promise((closed) => {
    proxy.close(closed);
    proxy.closeAllConnections();
  });
  await machine.stop();
  rmSync(folder, { recursive: true });
});

/** @returns all that the store holds of experiments, tasks and leases, by resource */
async function stored(): Promise<unknown[]> {
  const resources = [
    experiments,
    { apiVersion: experiments.apiVersion, kind: 'NodeTask', plural: 'nodetasks', namespaced: true },
    { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', plural: 'leases', namespaced: true },
    { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true },
    { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true },
  ];
  return await Promise.all(resources.map(async (resource) => (await machine.store.list(resource)).items));
}

it('a preview asks to read and for nothing else, and starts no program', async () => {
  await machine.create(shortRun);
  const before = await stored();
  const args = ['--no-warnings', program, 'preview', 'run', '-n', 'shop', '-o', 'json', '--state', folder];
  const PATH = `${join(folder, 'programs')}:${process.env.PATH ?? ''}`;
  const { code, stdout, stderr } = await runProgram(process.execPath, args, { env: { ...process.env, PATH }, timeoutMs: 60_000 });
  expect(code, stderr).toBe(0);
  expect((JSON.parse(stdout) as PlannedPreview).hurt).toMatchObject([{ name: 'payments-0' }]);
  expect(requests.length).toBeGreaterThan(5);
  expect(requests.filter((one) => !one.startsWith('GET '))).toEqual([]);
  expect(readFileSync(join(folder, 'started'), 'utf8')).toBe('');
  expect(await stored()).toEqual(before);
}, 120_000);

it('while it is watched it is shown again when it changes, and only then, until Ctrl-C', async () => {
  await machine.create(shortRun);
  const child = spawn(process.execPath, ['--no-warnings', program, 'preview', 'run', '-n', 'shop', '-w', '--state', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
  const ended = once(child, 'exit');
  await eventually('the first look', () => /hurts 1 pod [^]*seed/.test(shown) || undefined);
  const asked = requests.length;
  await eventually('another look', () => requests.length > 2 * asked || undefined);
  expect(shown.match(/seed/g)).toHaveLength(1);
  await machine.store.delete(pods, { namespace: 'shop', name: 'payments-0' });
  await eventually('the change', () => shown.includes('would be Refused: NoTarget') || undefined);
  child.kill('SIGINT');
  expect(await ended).toEqual([3, null]);
  expect(requests.filter((one) => !one.startsWith('GET '))).toEqual([]);
}, 120_000);
