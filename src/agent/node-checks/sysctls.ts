/** Reads and writes sysctls of a network namespace: what /proc/sys/net shows is that of whoever looks. */
import { runProgram, SquallError } from '../../lib/index.ts';
import { normaliseSysctl, sysctlFile } from '../../preflight/index.ts';
import { diesWithParent } from '../kernel/one-shell.ts';

const timeoutMs = 10_000;

/** @property netNamespace a file that names it. @property root before /proc */
export type SysctlPlace = { netNamespace: string; root: string };

/**
 * Runs of blanks as one; undefined where there is no such sysctl.
 * @throws SquallError KernelRefused where it cannot be read
 */
export async function readSysctl(place: SysctlPlace, name: string): Promise<string | undefined> {
  const { code, stdout, stderr } = await inNamespace(place, ['cat', fileOf(place, name)]);
  if (code === 0) return normaliseSysctl(stdout);
  // nsenter says the same of a namespace that has gone.
  if (stderr.startsWith('cat:') && stderr.includes('No such file or directory')) return undefined;
  throw new SquallError('KernelRefused', `the sysctl ${name} cannot be read: ${stderr.trim()}`);
}

/** @throws SquallError KernelRefused where the kernel does not take it */
export async function writeSysctl(place: SysctlPlace, name: string, value: string): Promise<void> {
  // Of nothing tee would make no write, and the sysctl would keep what it has.
  const { code, stderr } = await inNamespace(place, ['tee', fileOf(place, name)], `${value}\n`);
  if (code === 0) return;
  throw new SquallError('KernelRefused', `the sysctl ${name} cannot be set to ${value}: ${stderr.trim()}`);
}

function fileOf({ root }: SysctlPlace, name: string): string {
  return `${root}/proc/sys/${sysctlFile(name)}`;
}

async function inNamespace({ netNamespace }: SysctlPlace, words: readonly string[], input?: string) {
  const [program = '', ...args] = [...diesWithParent, 'nsenter', `--net=${netNamespace}`, '--', ...words];
  return await runProgram(program, args, { input, timeoutMs, env: { ...process.env, LC_ALL: 'C' } });
}
