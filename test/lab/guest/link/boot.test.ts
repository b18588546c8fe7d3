import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request, type RequestOptions } from 'node:http';
import { type AddressInfo, createServer, type ListenOptions } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { startGuest } from '../../../../src/lab/guest/index.ts';

async function listen(options: ListenOptions) {
  const server = createServer({ allowHalfOpen: true }).listen(options);
  await once(server, 'listening');
  return server;
}

async function ask(options: RequestOptions, body: Buffer | string = '') {
  const asked = request({ ...options, method: 'POST', agent: false });
  asked.end(body);
  const [answer] = (await once(asked, 'response')) as [NodeJS.ReadableStream];
  return answer;
}

async function answers(options: RequestOptions): Promise<boolean> {
  return await ask(options).then(
    () => true,
    () => false,
  );
}

it('reaches services of the guest by a socket and a port of this machine, many at once, until the command ends', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'squall-link-'));
  const socket = { socketPath: join(folder, 'api.sock') };
  const servers = [await listen({ path: socket.socketPath }), await listen({ host: '127.0.0.1', port: 0 })] as const;
  const port = { host: '127.0.0.1', port: (servers[1].address() as AddressInfo).port };
  const end = new AbortController();
  onTestFinished(() => {
    end.abort();
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true });
  });
  let offered: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (offered = resolve));
  let complaints = '';
  const guest = await startGuest({
    command: [process.execPath, fileURLToPath(new URL('../services.ts', import.meta.url))],
    cwd: '/',
    env: process.env,
    writable: [],
    forwards: [
      { service: 'on-socket', server: servers[0] },
      { service: 'on-port', server: servers[1] },
    ],
    onStdout: offered,
    onStderr: (data) => (complaints += data.toString()),
    signal: end.signal,
  });
  // Before the guest offers anything, nobody is there.
  await expect(ask(socket)).rejects.toThrow(/hang up|ECONNRESET|EPIPE/);
  await Promise.race([ready, guest.exitCode.then((code) => Promise.reject(new Error(`exit ${String(code)}: ${complaints}`)))]);

  // What the command prints may come before what it offers.
  for (const place of [socket, port]) while (!(await answers(place))) await sleep(50);
  expect(await text(await ask(socket, Buffer.alloc(500_000)))).toBe('socket 500000');
  expect(await text(await ask(port, 'four'))).toBe('port 4');
  const streams = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const stream = await ask({ ...(index % 2 === 0 ? socket : port), path: '/stream' });
      const [first] = (await once(stream, 'data')) as [Buffer];
      return { stream, first: first.toString() };
    }),
  );
  expect(new Set(streams.map(({ first }) => first))).toEqual(new Set(['socket ', 'port ']));
  const big = await Promise.all([socket, port, socket].map(async (place) => await buffer(await ask({ ...place, path: '/big' }))));
  expect(big.map(({ length }) => length)).toEqual([3_000_000, 3_000_000, 3_000_000]);

  const cutOff = streams.map(async ({ stream }) => {
    await once(stream, 'error');
  });
  guest.sendSignal('SIGTERM');
  expect(await guest.exitCode).toBe(6);
  await Promise.all(cutOff);
  await expect(ask(socket)).rejects.toThrow('ENOENT');
  await expect(ask(port)).rejects.toThrow('ECONNREFUSED');
}, 300_000);
