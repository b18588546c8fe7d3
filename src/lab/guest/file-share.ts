import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SquallError } from '../../lib/index.ts';
import { type BoundProcess, startBound } from './bound-process.ts';
import type { GuestImage } from './guest-image.ts';

/** A folder of this machine, served to the guest by one virtiofsd. */
export type FileShare = { daemon: BoundProcess; socket: Socket };

/**
 * Serves the folder over an already connected socket, to be handed to QEMU. The daemon gets a listening descriptor and the
 * only client connects at once, so that the socket's file exists for a moment only and nobody else can reach the files.
 * @param unchanging the guest may keep what it has read for ever; otherwise it looks again when a file is opened
 */
export async function shareFolder(image: GuestImage, folder: string, unchanging: boolean): Promise<FileShare> {
  const place = await mkdtemp(join(tmpdir(), 'squall-guest-')); // mode 0700
  try {
    const path = join(place, 'share');
    const listener = createServer();
    listener.listen(path);
    await once(listener, 'listening');
    // All in one turn of the event loop: the daemon must find the connection waiting, since it inherits a non-blocking
    // descriptor and gives up otherwise; and Node, which accepts at its next turn, must have stopped listening by then.
    const socket = connect({ path });
    const stdio = ['ignore', 'ignore', 'pipe', descriptorOf(listener)] as const;
    const daemon = startBound(image.shareDaemon, daemonArguments(image.shareDaemon, folder, 3, unchanging), [...stdio], {
      LD_LIBRARY_PATH: image.libraryPath,
    });
    listener.close();
    await once(socket, 'connect');
    socket.pause();
    return { daemon, socket };
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** Debian 12's virtiofsd is QEMU's own (C); later releases ship the one in Rust, whose options differ. */
export function daemonArguments(program: string, folder: string, descriptor: number, unchanging: boolean): string[] {
  const cache = unchanging ? 'always' : 'auto';
  const fromQemu = program.endsWith('/qemu/virtiofsd');
  return fromQemu
    ? [
        `--fd=${String(descriptor)}`,
        '-o',
        `source=${folder}`,
        '-o',
        'sandbox=chroot',
        '-o',
        `cache=${cache}`,
        '-o',
        'log_level=err',
      ]
    : [`--fd=${String(descriptor)}`, `--shared-dir=${folder}`, '--sandbox=chroot', `--cache=${cache}`, '--log-level=error'];
}

/** Node gives a listening server to another Node process only; other programs need its descriptor. */
function descriptorOf(server: Server): number {
  const { _handle: handle } = server as unknown as { _handle?: { fd?: number } };
  if (handle?.fd === undefined || handle.fd < 0)
    throw new SquallError('Internal', 'this Node does not tell the descriptor of a listening socket');
  return handle.fd;
}
