import { fileURLToPath } from 'node:url';
import { type KernelChoice, startGuest } from '../../lab/index.ts';
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
  const doors = await openHostDoors(stateFiles(stateFolder).socket, listen);
  try {
    return await runWithDoors(doors, { stateFolder, writable, why });
  } finally {
    doors.close();
  }
}

async function runWithDoors({ forwards, environment }: HostDoors, { stateFolder, writable, why }: GuestRun): Promise<number> {
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
  });
  const forward = (signal: NodeJS.Signals): void => {
    guest.sendSignal(signal);
  };
  const resize = (): void => {
    guest.resize(stdout.columns, stdout.rows);
  };
  process.on('SIGINT', forward).on('SIGTERM', forward);
  stdout.on('resize', resize);
  try {
    return await guest.exitCode;
  } finally {
    process.off('SIGINT', forward).off('SIGTERM', forward);
    stdout.off('resize', resize);
  }
}

/** Inside the guest the choice was made outside; the reason came along. */
export function kernelHere({ why }: KernelChoice): { guest: boolean; why: string } {
  const reason = process.env.SQUALL_GUEST_WHY;
  return process.env.SQUALL_GUEST === '1' ? { guest: true, why: reason ?? why } : { guest: false, why };
}
