import { mkdir, realpath } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { SquallError } from '../../lib/index.ts';
import { chooseAccelerator, forgetAccelerator } from './accelerator.ts';
import { type FileShare, shareFolder } from './file-share.ts';
import { ensureGuestImage, guestCacheFolder, type GuestImage } from './guest-image.ts';
import { guestEnvironment } from './environment.ts';
import { buildRamdisk } from './initial-ramdisk.ts';
import type { WritableShare } from './init-scripts.ts';
import { type Forward, forwardConnections, type Forwarding } from './link/forward.ts';
import { processorCount, startMachine } from './machine.ts';
import { exitCodeOf, supervise, type SupervisedMachine } from './supervise.ts';

export type GuestOptions = {
  /** A program of this machine and its arguments; found by the PATH in `env`. */
  command: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Absolute folders, made if missing, that the guest writes for real; all else it writes vanishes. */
  writable: readonly string[];
  /** Given when stdout is a terminal: the command then sees one, too. */
  terminal?: { columns: number; rows: number };
  /** Services of the guest that this machine's servers stand for, once the command offers them (`openHostLink`). @default none */
  forwards?: readonly Forward[];
  /** The guest reaches servers on this machine's loopback at `hostAddress`. @default false: it has no network card */
  reachesHost?: boolean;
  onStdout: (data: Buffer) => void;
  onStderr: (data: Buffer) => void;
  /** Told, in words, what takes long before the command starts. */
  onProgress?: (text: string) => void;
  /**
   * Told when the guest's kernel says that a timer did not fire. It may go on, as after this machine was suspended; one that is emulated
   * may also have stopped for good.
   */
  onTimerLost?: (said: string) => void;
  /** Ends the machine at once; the run rejects. */
  signal?: AbortSignal;
  /** @default 2048 */
  memoryMb?: number;
  /** Milliseconds that each of three boots may take, from QEMU's start to the command's. @default 120000 */
  bootLimitMs?: number;
  /** How often the guest's clock is compared with this machine's, in milliseconds. @default 60000 */
  clockEveryMs?: number;
  /** Where the guest machine is kept. @default guestCacheFolder() */
  cache?: string;
};

export type Guest = {
  /** Milliseconds from starting QEMU until the command started; undefined before. */
  bootMs(): number | undefined;
  qemuPid(): number | undefined;
  /** Sends the signal to the command; before the command has started it ends the machine, and the exit code says the signal. */
  sendSignal(name: NodeJS.Signals): void;
  resize(columns: number, rows: number): void;
  /** The command's exit code, 128 + n if signal n ended it. Rejects with GuestFailed when the machine ends by itself. */
  exitCode: Promise<number>;
};

const mostBoots = 3;

/**
 * Starts one machine for one command over this machine's own files: the root read-only under a tmpfs overlay, `writable`
 * folders for real. QEMU and the file servers end with the command, and with this process, however it ends. A machine that hangs
 * as it boots has run nothing yet, so that another one is started in its place.
 */
export async function startGuest(options: GuestOptions): Promise<Guest> {
  const { onProgress = () => undefined, bootLimitMs = 120_000 } = options;
  const prepared = await prepare(options, onProgress);
  const boot = async (): Promise<SupervisedMachine> => await startOnce({ ...options, onProgress, bootLimitMs }, prepared);

  let machine = await boot();
  let lastSignal: NodeJS.Signals | undefined;
  const stoppedBy = () => lastSignal;
  const run = async (): Promise<number> => {
    for (let count = 1; ; count++) {
      const end = await machine.ended;
      if ('exitCode' in end) return end.exitCode;
      const before = stoppedBy();
      if (before !== undefined) return exitCodeOf(before);
      const hung = `the guest machine hung as it booted: ${end.hung}`;
      if (count === mostBoots) throw new SquallError('GuestFailed', `${hung}; so did the ${String(mostBoots - 1)} before it`);
      onProgress(`${hung}; starting another one`);
      machine = await boot();
      // It came while there was no machine to stop.
      const meanwhile = stoppedBy();
      if (meanwhile !== undefined) machine.sendSignal(meanwhile);
    }
  };
  return {
    bootMs: () => machine.bootMs(),
    qemuPid: () => machine.pid,
    sendSignal: (name) => {
      lastSignal = name;
      machine.sendSignal(name);
    },
    resize: (columns, rows) => {
      machine.resize(columns, rows);
    },
    exitCode: run().finally(() => {
      prepared.forwarding.close();
    }),
  };
}

/** What every boot of one guest has in common. */
type Prepared = { image: GuestImage; writable: readonly WritableShare[]; ramdisk: Uint8Array; forwarding: Forwarding };

async function prepare(options: GuestOptions, onProgress: (text: string) => void): Promise<Prepared> {
  if (options.command.length === 0) throw new SquallError('InvalidInput', 'no command was given for the guest machine');
  const writable = await writableShares(options.writable);
  const image = await ensureGuestImage(options.cache ?? guestCacheFolder(), onProgress, options.signal);
  const command = { command: options.command, cwd: options.cwd, env: guestEnvironment(options.env), terminal: options.terminal };
  const ramdisk = await buildRamdisk(image, command, writable, options.reachesHost);
  return { image, writable, ramdisk, forwarding: forwardConnections(options.forwards ?? []) };
}

type OneStart = GuestOptions & { bootLimitMs: number; onProgress: (text: string) => void };

async function startOnce(options: OneStart, { image, writable, ramdisk, forwarding }: Prepared): Promise<SupervisedMachine> {
  const { onProgress, signal, memoryMb = 2048, clockEveryMs = 60_000 } = options;
  const accelerator = await chooseAccelerator(image, onProgress, undefined, signal);
  signal?.throwIfAborted();
  onProgress(
    `starting the guest machine (${accelerator === 'kvm' ? 'KVM' : 'software emulation'}, Linux ${image.kernelVersion})`,
  );
  const shares: FileShare[] = [];
  try {
    shares.push(await shareFolder(image, '/', true));
    for (const { path } of writable) shares.push(await shareFolder(image, path, false));
    const plan = {
      accelerator,
      memoryMb,
      processors: processorCount(),
      shares: ['root', ...writable.map(({ tag }) => tag)],
      terminal: options.terminal !== undefined,
      network: options.reachesHost ?? false,
    };
    const machine = await startMachine(image, plan, ramdisk, shares);
    const onBootFailed = async (): Promise<void> => {
      if (accelerator === 'kvm') await forgetAccelerator(image);
    };
    return supervise(machine, { ...options, shares, forwarding, clockEveryMs, onBootFailed });
  } catch (error) {
    await Promise.all(shares.map(({ daemon }) => daemon.kill()));
    throw error;
  }
}

/**
 * Runs one command in a guest machine as if it ran here: SIGINT, SIGTERM, SIGHUP and the terminal's size go through to it.
 * @returns its exit code
 */
export async function runInGuest(options: GuestOptions): Promise<number> {
  const guest = await startGuest(options);
  const forwarded = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) => {
    const listener = () => {
      guest.sendSignal(name);
    };
    process.on(name, listener);
    return { name, listener };
  });
  const onResize = () => {
    guest.resize(process.stdout.columns, process.stdout.rows);
  };
  if (options.terminal !== undefined) process.stdout.on('resize', onResize);
  try {
    return await guest.exitCode;
  } finally {
    for (const { name, listener } of forwarded) process.off(name, listener);
    process.stdout.off('resize', onResize);
  }
}

/** Real paths, so that a symbolic link in the guest leads to the shared folder; a folder inside another one needs no share of its own. */
async function writableShares(paths: readonly string[]): Promise<WritableShare[]> {
  const real = new Set<string>();
  for (const path of paths) {
    if (!isAbsolute(path))
      throw new SquallError('InvalidInput', `the guest's writable folder '${path}' must be an absolute path`);
    await mkdir(path, { recursive: true });
    real.add(await realpath(path));
  }
  if (real.has('/'))
    throw new SquallError('InvalidInput', "the guest's writable folder cannot be '/': name the folder that results go to");
  const outermost = [...real].filter((path) => ![...real].some((other) => path.startsWith(`${other}/`)));
  return outermost.map((path, index) => ({ tag: `writable${String(index)}`, path }));
}
