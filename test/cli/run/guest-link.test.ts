import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, describe, it, onTestFinished } from 'vitest';
import { apiSocketInGuest, openHostDoors, placeToListen } from '../../../src/cli/run/guest-link.ts';
import { stateFiles } from '../../../src/cli/state.ts';

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'squall-doors-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

describe('the doors to a guest', () => {
  it('are a socket for its owner only and the address that was asked for, and are gone when they are closed', async () => {
    const folder = temporaryFolder();
    const socket = join(folder, 'api.sock');
    const doors = await openHostDoors(socket, { host: '127.0.0.1', port: 0 });
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    const addresses = doors.forwards.map(({ service, server }) => [service, server.address()] as const);
    expect(addresses[0]).toEqual(['api', socket]);
    const { address, port } = addresses[1]?.[1] as AddressInfo;
    expect(address).toBe('127.0.0.1');
    expect(placeToListen({ host: '127.0.0.1', port: 0 }, doors.environment)).toEqual({
      host: '127.0.0.1',
      port: 0,
      reachedAt: { host: '127.0.0.1', port },
    });
    doors.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('open no address for the API, and none at all unless one is asked for', async () => {
    const doors = await openHostDoors(join(temporaryFolder(), 'api.sock'), undefined);
    expect(doors.forwards.map(({ service, server }) => [service, typeof server.address()])).toEqual([['api', 'string']]);
    doors.close();
  });

  it("are refused on somebody else's address, and then leave no socket behind", async () => {
    const folder = temporaryFolder();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(openHostDoors(join(folder, 'api.sock'), { host: '127.0.0.1', port })).rejects.toThrow(
      `could not listen on 127.0.0.1:${String(port)}; stop what uses it, or give another address with --listen`,
    );
    expect(readdirSync(folder)).toEqual([]);
    other.close();
  });

  it.each<{ title: string; remedy: string; make: (path: string) => Promise<void> }>([
    { title: 'a file that is no socket', remedy: 'is no socket; remove it', make: writeMine },
    { title: 'a socket that another process serves', remedy: 'is served by', make: serve },
  ])('are refused where there is $title, which stays', async ({ make, remedy }) => {
    const path = join(temporaryFolder(), 'api.sock');
    await make(path);
    const before = statSync(path).ino;
    await expect(openHostDoors(path, undefined)).rejects.toThrow(remedy);
    expect(statSync(path).ino).toBe(before);
  });
});

async function writeMine(path: string): Promise<void> {
  await writeFile(path, 'mine');
}

async function serve(path: string): Promise<void> {
  const server = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')).listen(path);
  onTestFinished(() => {
    server.close();
  });
  await once(server, 'listening');
}

describe('on a machine that is no guest', () => {
  it('the API is in the state folder and servers listen where they are asked to', () => {
    expect(apiSocketInGuest({})).toBeUndefined();
    expect(stateFiles('/state').socket).toBe('/state/api.sock');
    expect(placeToListen({ host: '::1', port: 9464 }, {})).toEqual({ host: '::1', port: 9464 });
  });
});
