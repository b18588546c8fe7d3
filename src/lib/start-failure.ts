import { messageOf, SquallError } from './errors.ts';

/** What a program lacks that the operating system would not start, and what helps, by the system's error. */
const lacks: Readonly<Record<string, string>> = {
  EMFILE: 'this process has no file descriptor left; raise its RLIMIT_NOFILE (ulimit -n, LimitNOFILE of systemd)',
  ENFILE: 'this machine has no file descriptor left; raise fs.file-max',
  EAGAIN: "no further process is allowed; raise the cgroup's pids.max (TasksMax of systemd) or RLIMIT_NPROC (ulimit -u)",
  ENOMEM: 'there is not enough memory to start a process',
};

/** Why a program could not be started: ToolMissing when there is none, Unavailable when something was used up, which may be free again later. */
export function startFailure(command: string, error: NodeJS.ErrnoException): SquallError {
  const { code = '' } = error;
  if (code === 'ENOENT') return new SquallError('ToolMissing', `the program '${command}' is not installed`, { cause: error });
  const lack = lacks[code];
  if (lack !== undefined) return new SquallError('Unavailable', `could not start '${command}' (${code}): ${lack}`);
  return new SquallError('Internal', `could not start '${command}': ${messageOf(error)}`);
}
