import { constants } from 'node:os';
import { finished } from 'node:stream/promises';
import { messageOf, SquallError } from '../../lib/index.ts';
import { keepClock } from './clock.ts';
import type { FileShare } from './file-share.ts';
import { consoleWords, linesOf, readConsole, saysThatTimerIsLost } from './guest-console.ts';
import type { Forwarding } from './link/forward.ts';
import type { Machine } from './machine.ts';

/** How a machine ended that did what was wanted of it: its command's exit code, or that it hung before the command started. */
export type MachineEnd = { exitCode: number } | { hung: string };

export type SupervisedMachine = {
  bootMs(): number | undefined;
  pid: number | undefined;
  sendSignal(name: NodeJS.Signals): void;
  resize(columns: number, rows: number): void;
  /** Rejects with GuestFailed when the machine ends by itself. */
  ended: Promise<MachineEnd>;
};

type Supervision = {
  shares: readonly FileShare[];
  forwarding: Forwarding;
  /** Milliseconds until the command starts. */
  bootLimitMs: number;
  clockEveryMs: number;
  /** Called when the machine ended before the command started, and nobody wanted that. */
  onBootFailed: () => Promise<void>;
  onStdout: (data: Buffer) => void;
  onStderr: (data: Buffer) => void;
  onTimerLost?: (said: string) => void;
  signal?: AbortSignal;
};

/** Watches over one machine, from QEMU's start to its end and that of its file servers. */
export function supervise(machine: Machine, options: Supervision): SupervisedMachine {
  const started = performance.now();
  let bootMs: number | undefined;
  let wanted: MachineEnd | undefined;
  let failure: Error | undefined;
  const say = (line: string) => machine.control.write(`${line}\n`);
  const fail = (error: Error) => {
    failure ??= error;
    machine.process.child.kill('SIGKILL');
  };
  const end = (how: MachineEnd) => {
    wanted ??= how;
    // All that the guest said has left it before it says `exit`; what the sockets hold is still read after the kill.
    machine.process.child.kill('SIGKILL');
  };
  const guestConsole = readConsole(machine.console, (line) => {
    if (!saysThatTimerIsLost(line)) return;
    const said = `its kernel says: ${line.trim()}`;
    if (bootMs === undefined) end({ hung: said });
    else options.onTimerLost?.(said);
  });
  const clock = keepClock({
    everyMs: options.clockEveryMs,
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
    else if (word === 'exit') end({ exitCode: Number(argument) });
  });
  const bootTimer = setTimeout(() => {
    end({ hung: `it did not boot within ${String(options.bootLimitMs / 1000)} s${consoleWords(guestConsole)}` });
  }, options.bootLimitMs);
  const onAbort = () => {
    const said = guestConsole.lastLines.length === 0 ? '' : consoleWords(guestConsole);
    fail(new SquallError('Unavailable', `the guest machine was stopped: ${messageOf(options.signal?.reason)}${said}`));
  };
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (options.signal?.aborted === true) onAbort();
  machine.stdout.on('data', options.onStdout);
  machine.stderr.on('data', options.onStderr);
  const link = options.forwarding.over(machine.link);
  void link.closed.then((error) => {
    if (error !== undefined) fail(error);
  });

  const settle = async (): Promise<MachineEnd> => {
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
    if (bootMs === undefined && (wanted === undefined || 'hung' in wanted)) await options.onBootFailed();
    if (wanted !== undefined) return wanted;
    // Later on the file servers only complain of QEMU's end.
    const words = [machine.process.lastWords(), ...(bootMs === undefined ? shareEnds : [])].filter(Boolean).join('\n');
    const { panic } = guestConsole;
    const what =
      panic === undefined ? `the guest machine ended by itself (QEMU: ${how})` : `the guest's kernel panicked (${panic})`;
    throw new SquallError('GuestFailed', `${what}${words === '' ? '' : `\n${words}`}${consoleWords(guestConsole)}`);
  };
  return {
    bootMs: () => bootMs,
    pid: machine.process.child.pid,
    sendSignal: (name) => {
      if (bootMs === undefined) end({ exitCode: exitCodeOf(name) });
      else say(`signal ${name.slice('SIG'.length)}`);
    },
    resize: (columns, rows) => {
      if (bootMs !== undefined) say(`size ${String(columns)} ${String(rows)}`);
    },
    ended: settle(),
  };
}

/** As a shell tells of a command that the signal ended. */
export function exitCodeOf(name: NodeJS.Signals): number {
  return 128 + constants.signals[name];
}

function inSeconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(6);
}
