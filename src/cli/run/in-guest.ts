import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Guest, type KernelChoice, startGuest } from '../../lab/index.ts';
import { onEndingSignals } from '../ending-signal.ts';
import { stateFiles } from '../state.ts';
import { lockState } from '../state-lock.ts';
import { type Address, type HostDoors, openHostDoors } from './guest-link.ts';

export type GuestRun = {
  stateFolder: string;
  /** More folders that the command writes, or whose files others change while it runs. */
  writable: readonly string[];
  /** Where people reach the command's HTTP server on this machine. */
  listen?: Address | undefined;
  why: string;
};

/**
 * Runs this very command again inside the guest machine: the same program and arguments over the same files. Output, exit code and
 * signals come through, its API and HTTP servers are reached here, and what is written to the state folder and `writable` is real,
 * whatever happens to the guest.
 */
export async function runAgainInGuest({ stateFolder, writable, listen, why }: GuestRun): Promise<number> {
  using _lock = lockState(stateFolder);
  using signals = guestSignals();
  const doors = await openHostDoors(stateFiles(stateFolder).socket, listen);
  try {
    return await runWithDoors(doors, signals, { stateFolder, writable, why });
  } catch (error) {
    if (signals.early === undefined) throw error;
    return 128 + constants.signals[signals.early];
  } finally {
    doors.close();
  }
}

type GuestSignals = Disposable & {
  /** What came before there was a guest to send it to: it ends the making of one, and the exit code says it. */
  early: NodeJS.Signals | undefined;
  starting: AbortSignal;
  /** From here on they are the command's. */
  to: (guest: Pick<Guest, 'sendSignal'>) => void;
};

/** Listens from the beginning: while the guest is made and booted, whatever was made for it must go as well. */
function guestSignals(): GuestSignals {
  const starting = new AbortController();
  let guest: Pick<Guest, 'sendSignal'> | undefined;
  const listening = onEndingSignals((name) => {
    if (guest) guest.sendSignal(name);
    else {
      signals.early ??= name;
      starting.abort(name);
    }
  });
  const signals: GuestSignals = {
    early: undefined,
    starting: starting.signal,
    to: (given) => {
      guest = given;
    },
    [Symbol.dispose]: listening[Symbol.dispose],
  };
  return signals;
}

async function runWithDoors(
  { forwards, environment }: HostDoors,
  signals: GuestSignals,
  { stateFolder, writable, why }: GuestRun,
): Promise<number> {
  const { stdout, stderr } = process;
  const guest = await startGuest({
    command: [process.execPath, fileURLToPath(new URL('../bin/squall.js', import.meta.url)), ...process.argv.slice(2)],
    cwd: process.cwd(),
    env: { ...process.env, ...environment, SQUALL_GUEST: '1', SQUALL_GUEST_WHY: why, SQUALL_STATE: stateFolder },
    writable: [stateFolder, ...writable],
    forwards,
    ...(stdout.isTTY ? { terminal: { columns: stdout.columns, rows: stdout.rows } } : {}),
    onStdout: (data) => stdout.write(data),
    onStderr: (data) => stderr.write(data),
    onProgress: (text) => stderr.write(`${text}\n`),
    signal: signals.starting,
  });
  signals.to(guest);
  const resize = (): void => {
    guest.resize(stdout.columns, stdout.rows);
  };
  stdout.on('resize', resize);
  try {
    return await guest.exitCode;
  } finally {
    stdout.off('resize', resize);
  }
}

/** The kernel that a command works on, as its runs tell of it. */
export type KernelHere = { guest: boolean; driver: KernelChoice['driver']; why: string };

/** Inside the guest the choice was made outside; the reason came along. */
export function kernelHere({ why, driver }: KernelChoice): KernelHere {
  const reason = process.env.SQUALL_GUEST_WHY;
  return process.env.SQUALL_GUEST === '1' ? { guest: true, driver, why: reason ?? why } : { guest: false, driver, why };
}
