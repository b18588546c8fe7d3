import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { duplexPair } from 'node:stream';
import fc from 'fast-check';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { windowBytes } from '../../../../src/lab/guest/link/carry.ts';
import { forwardConnections } from '../../../../src/lab/guest/link/forward.ts';
import { encodeFrame } from '../../../../src/lab/guest/link/frames.ts';
import { createLink } from '../../../../src/lab/guest/link/link.ts';

const folder = mkdtempSync(join(tmpdir(), 'squall-link-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
let count = 0;

async function listen(server: Server): Promise<string> {
  const path = join(folder, `socket${String(++count)}`);
  server.listen(path);
  await once(server, 'listening');
  return path;
}

/** A link over a pair of streams, between a listener on this side and a service on the other, all with real unix sockets. */
async function linked(onService: (socket: Socket) => void, offer = true) {
  const [hostPort, guestPort] = duplexPair();
  const service = createServer({ allowHalfOpen: true }, onService);
  const servicePath = await listen(service);
  const server = createServer({ allowHalfOpen: true });
  const path = await listen(server);
  const forwarding = forwardConnections([{ service: 'echo', server }]);
  const host = forwarding.over(hostPort);
  const guest = createLink({ input: guestPort, output: guestPort }, (name) =>
    name === 'echo' ? connect({ path: servicePath, allowHalfOpen: true }) : undefined,
  );
  if (offer) {
    guest.offer('echo');
    await until(() => host.isOffered('echo'));
  }
  onTestFinished(() => {
    host.close();
    forwarding.close();
    guest.close();
    service.close();
  });
  return { host, guest, hostPort, guestPort, service, forwarding, dial: () => connect(path) };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const echo = (socket: Socket) => {
  socket.on('error', () => undefined);
  socket.pipe(socket);
};

describe('the link', () => {
  it('carries many connections at once, each whole, in order and closed at both ends', async () => {
    const { host, guest, dial } = await linked(echo);
    const talk = fc.array(fc.uint8Array({ maxLength: 100_000 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(talk, { minLength: 1, maxLength: 8 }), async (talks) => {
        const answers = await Promise.all(
          talks.map(async (pieces) => {
            const socket = dial();
            for (const piece of pieces) socket.write(piece);
            socket.end();
            return await buffer(socket);
          }),
        );
        talks.forEach((pieces, index) => {
          expect(Buffer.concat(pieces).equals(answers[index] ?? Buffer.alloc(0))).toBe(true);
        });
        await until(() => host.connections() === 0 && guest.connections() === 0);
      }),
      { numRuns: 20 },
    );
  });

  it('lets the service speak on after the caller has said all, and the caller after the service has', async () => {
    const { dial } = await linked((socket) => {
      socket.write('first ');
      socket.on('data', () => undefined).on('end', () => socket.end('last'));
    });
    const socket = dial();
    socket.end('done');
    expect((await buffer(socket)).toString()).toBe('first last');
  });

  it('stops a writer whose reader has stopped, and only that one', async () => {
    let taken = 0;
    const { dial, hostPort, guestPort } = await linked((socket) => {
      socket.once('data', (first: Buffer) => {
        if (first.toString().startsWith('stop')) socket.pause();
        else socket.end(first);
      });
    });
    const stopped = dial();
    stopped.write('stop');
    const piece = Buffer.alloc(64 * 1024);
    const write = (): void => {
      stopped.write(piece, (error) => {
        if (error) return;
        taken += piece.length;
        write();
      });
    };
    await once(stopped, 'connect');
    write();
    let before = -1;
    // The kernel's own buffers take some of it; then nothing more moves.
    while (before !== taken) {
      before = taken;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    expect(taken).toBeLessThan(16 * windowBytes);
    expect(hostPort.writableLength + guestPort.readableLength).toBeLessThan(2 * windowBytes);
    const other = dial();
    other.end('hello');
    expect((await buffer(other)).toString()).toBe('hello');
    stopped.destroy();
  });

  it('closes the connection here when the service breaks it, and there when the caller does', async () => {
    const sockets: Socket[] = [];
    const { dial, guest } = await linked((socket) => {
      sockets.push(socket.on('error', () => undefined));
    });
    const broken = dial();
    await until(() => sockets.length === 1);
    sockets[0]?.destroy();
    broken.resume();
    await once(broken, 'close');
    const leaving = dial();
    await until(() => sockets.length === 2);
    leaving.destroy();
    sockets[1]?.resume();
    sockets[1]?.on('end', () => sockets[1]?.end());
    await until(() => guest.connections() === 0);
  });

  it.each([
    { title: 'nothing is offered yet', offer: false, stopService: false },
    { title: 'the service is gone', offer: true, stopService: true },
  ])('closes connections at once while $title', async ({ offer, stopService }) => {
    const { dial, service, host, guest } = await linked(echo, offer);
    if (stopService) service.close();
    const socket = dial();
    expect((await buffer(socket)).length).toBe(0);
    socket.destroy();
    await until(() => host.connections() === 0 && guest.connections() === 0);
  });

  it('closes everything when the port closes, and every connection that comes, until its servers are closed', async () => {
    const { dial, host, hostPort, forwarding } = await linked(echo);
    const socket = dial();
    await until(() => host.connections() === 1);
    socket.resume();
    hostPort.destroy();
    await once(socket, 'close');
    expect(await host.closed).toBeUndefined();
    const late = dial();
    late.resume();
    await once(late, 'close');
    expect(late.errored).toBeNull();
    forwarding.close();
    const [error] = (await once(dial(), 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ENOENT');
  });

  it('carries connections over the port of the next machine as soon as there is one', async () => {
    const { dial, hostPort, forwarding } = await linked(echo);
    hostPort.destroy();
    const [nextHostPort, nextGuestPort] = duplexPair();
    const next = forwarding.over(nextHostPort);
    const service = createServer({ allowHalfOpen: true }, echo);
    const path = await listen(service);
    const guest = createLink({ input: nextGuestPort, output: nextGuestPort }, () => connect({ path, allowHalfOpen: true }));
    onTestFinished(() => {
      next.close();
      guest.close();
      service.close();
    });
    guest.offer('echo');
    await until(() => next.isOffered('echo'));
    const socket = dial();
    socket.end('again');
    expect((await buffer(socket)).toString()).toBe('again');
  });

  it('refuses connections that the guest opens towards this machine', async () => {
    const port = { input: new PassThrough(), output: new PassThrough() };
    const link = createLink(port, () => undefined);
    port.input.write(encodeFrame({ type: 'open', connection: 7, service: 'api' }));
    const [answer] = (await once(port.output, 'data')) as [Buffer];
    expect(answer).toEqual(encodeFrame({ type: 'reset', connection: 7 }));
    link.close();
  });

  it('is closed with an error when the other side sends more than a window', async () => {
    const port = { input: new PassThrough(), output: new PassThrough() };
    const deaf = createServer((socket) => socket.pause());
    const path = await listen(deaf);
    const link = createLink(port, () => connect(path));
    port.input.write(encodeFrame({ type: 'open', connection: 1, service: 'deaf' }));
    const data = encodeFrame({ type: 'data', connection: 1, data: Buffer.alloc(16 * 1024) });
    for (let sent = 0; sent <= windowBytes; sent += 16 * 1024) port.input.write(data);
    expect((await link.closed)?.message).toContain('more of one connection than was asked for');
    deaf.close();
  });
});
