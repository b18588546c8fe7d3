import { mkdir, realpath } from 'node:fs/promises';
import { constants } from 'node:os';
import { isAbsolute } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import { SquallError } from '../../lib/index.ts';
import { chooseAccelerator, forgetAccelerator } from './accelerator.ts';
import { keepClock } from './clock.ts';
import { type FileShare, shareFolder } from './file-share.ts';
import { ensureGuestImage, guestCacheFolder, type GuestImage } from './guest-image.ts';
import { guestEnvironment } from './environment.ts';
import { buildRamdisk } from './initial-ramdisk.ts';
import type { WritableShare } from './init-scripts.ts';
import { type Forward, forwardConnections } from './link/forward.ts';
import { type Accelerator, type Machine, processorCount, startMachine } from './machine.ts';

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
  /** Ends the machine at once; the run rejects. */
  signal?: AbortSignal;
  /** @default 2048 */
  memoryMb?: number;
  /** Milliseconds from starting QEMU until the command starts. @default 120000 */
  bootLimitMs?: number;
  /** How often the guest's clock is compared with this machine's, in milliseconds. @default 60000 */
  clockEveryMs?: number;
  /** Where the guest machine is kept. @default guestCacheFolder() */
  cache?: string;
};

export type Guest = {
  /** Milliseconds from starting QEMU until the command started; undefined before. */
  bootMs(): number | undefined;
  qemuPid: number | undefined;
  /** Sends the signal to the command; before the command has started it ends the machine, and the exit code says the signal. */
  sendSignal(name: NodeJS.Signals): void;
  resize(columns: number, rows: number): void;
  /** The command's exit code, 128 + n if signal n ended it. Rejects with GuestFailed when the machine ends by itself. */
  exitCode: Promise<number>;
};

const consoleLinesKept = 40;

/**
 * Starts one machine for one command over this machine's own files: the root read-only under a tmpfs overlay, `writable`
 * folders for real. QEMU and the file servers end with the command, and with this process, however it ends.
 */
export async function startGuest(options: GuestOptions): Promise<Guest> {
  const { onProgress = () => undefined, signal, memoryMb = 2048, bootLimitMs = 120_000 } = options;
  if (options.command.length === 0) throw new SquallError('InvalidInput', 'no command was given for the guest machine');
  const writable = await writableShares(options.writable);
  const image = await ensureGuestImage(options.cache ?? guestCacheFolder(), onProgress, signal);
  const accelerator = await chooseAccelerator(image, onProgress, undefined, signal);
  const command = { command: options.command, cwd: options.cwd, env: guestEnvironment(options.env), terminal: options.terminal };
  const ramdisk = await buildRamdisk(image, command, writable, options.reachesHost);
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
    return supervise(machine, { ...options, bootLimitMs, image, accelerator, shares });
  } catch (error) {
    await Promise.all(shares.map(({ daemon }) => daemon.kill()));
    throw error;
  }
}

type Supervised = GuestOptions & {
  bootLimitMs: number;
  image: GuestImage;
  accelerator: Accelerator;
  shares: readonly FileShare[];
};

function supervise(machine: Machine, options: Supervised): Guest {
  const started = performance.now();
  const guestConsole = readConsole(machine.console);
  let bootMs: number | undefined;
  let wanted: number | undefined;
  let failure: Error | undefined;
  const say = (line: string) => machine.control.write(`${line}\n`);
  const fail = (error: Error) => {
    failure ??= error;
    machine.process.child.kill('SIGKILL');
  };
  const end = (code: number) => {
    wanted ??= code;
    // All that the guest said has left it before it says `exit`; what the sockets hold is still read after the kill.
    machine.process.child.kill('SIGKILL');
  };
  const clock = keepClock({
    everyMs: options.clockEveryMs ?? 60_000,
    now: Date.now,
    ask: () => {
      if (bootMs !== undefined) say('time');
    },
    set: (time) => {
      say(`clock ${inSeconds(time)}`);
    },
  });
  linesOf(machine.control, (line) => {
    const [word, argument = ''] = line.split(' ');
    if (word === 'ready') {
      bootMs = performance.now() - started;
      clearTimeout(bootTimer);
      say(`start ${inSeconds(Date.now())}`);
    } else if (word === 'time') clock.answered(Number(argument) * 1000);
    else if (word === 'exit') end(Number(argument));
  });
  const bootTimer = setTimeout(() => {
    fail(
      new SquallError(
        'GuestFailed',
        `the guest machine did not boot within ${String(options.bootLimitMs / 1000)} s${tail(guestConsole)}`,
      ),
    );
  }, options.bootLimitMs);
  const onAbort = () => {
    fail(new SquallError('Unavailable', 'the guest machine was stopped', { cause: options.signal?.reason }));
  };
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (options.signal?.aborted === true) onAbort();
  machine.stdout.on('data', options.onStdout);
  machine.stderr.on('data', options.onStderr);
  const link = forwardConnections(machine.link, options.forwards ?? []);
  void link.closed.then((error) => {
    if (error !== undefined) fail(error);
  });

  const settle = async (): Promise<number> => {
    const how = await machine.process.ended;
    link.close();
    clock.stop();
    clearTimeout(bootTimer);
    options.signal?.removeEventListener('abort', onAbort);
    await Promise.all(
      [machine.stdout, machine.stderr].map(async (stream) => await finished(stream, { writable: false }).catch(() => undefined)),
    );
    const shareEnds = options.shares.map(({ daemon }) => daemon.lastWords());
    await Promise.all(
      options.shares.map(async ({ daemon }) => {
        await daemon.kill();
      }),
    );
    if (failure !== undefined) throw failure;
    if (wanted !== undefined) return wanted;
    if (bootMs === undefined && options.accelerator === 'kvm') await forgetAccelerator(options.image);
    // Later on the file servers only complain of QEMU's end.
    const words = [machine.process.lastWords(), ...(bootMs === undefined ? shareEnds : [])].filter(Boolean).join('\n');
    const { panic } = guestConsole;
    const what =
      panic === undefined ? `the guest machine ended by itself (QEMU: ${how})` : `the guest's kernel panicked (${panic})`;
    throw new SquallError('GuestFailed', `${what}${words === '' ? '' : `\n${words}`}${tail(guestConsole)}`);
  };
  return {
    bootMs: () => bootMs,
    qemuPid: machine.process.child.pid,
    sendSignal: (name) => {
      if (bootMs === undefined) end(128 + constants.signals[name]);
      else say(`signal ${name.slice('SIG'.length)}`);
    },
    resize: (columns, rows) => {
      if (bootMs !== undefined) say(`size ${String(columns)} ${String(rows)}`);
    },
    exitCode: settle(),
  };
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

function inSeconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(6);
}

/** Of a port of the machine, whose end is told by its process: a connection that breaks is no news. */
function linesOf(stream: Duplex, onLine: (line: string) => void): void {
  createInterface({ input: stream })
    .on('line', onLine)
    .on('error', () => undefined);
}

type GuestConsole = { lastLines: string[]; panic?: string };

function readConsole(stream: Duplex): GuestConsole {
  const seen: GuestConsole = { lastLines: [] };
  linesOf(stream, (line) => {
    seen.panic ??= /Kernel panic.*/.exec(line)?.[0].trimEnd();
    seen.lastLines.push(line.trimEnd());
    if (seen.lastLines.length > consoleLinesKept) seen.lastLines.shift();
  });
  return seen;
}

function tail({ lastLines }: GuestConsole): string {
  return lastLines.length === 0
    ? '; its console stayed empty'
    : `; its console ended with:\n${lastLines.map((line) => `  ${line}`).join('\n')}`;
}
