/** Reads and writes sysctls of a network namespace: what /proc/sys/net shows is that of whoever looks. */
import { runProgram, SquallError } from '../../lib/index.ts';
import { normaliseSysctl, sysctlFile } from '../../preflight/index.ts';

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
  if (stderr.includes('No such file or directory')) return undefined;
  throw new SquallError('KernelRefused', `the sysctl ${name} cannot be read: ${stderr.trim()}`);
}

/** @throws SquallError KernelRefused where the kernel does not take it */
export async function writeSysctl(place: SysctlPlace, name: string, value: string): Promise<void> {
  const { code, stderr } = await inNamespace(place, ['tee', fileOf(place, name)], value);
  if (code === 0) return;
  throw new SquallError('KernelRefused', `the sysctl ${name} cannot be set to ${value}: ${stderr.trim()}`);
}

function fileOf({ root }: SysctlPlace, name: string): string {
  return `${root}/proc/sys/${sysctlFile(name)}`;
}

async function inNamespace({ netNamespace }: SysctlPlace, words: readonly string[], input?: string) {
  const args = [`--net=${netNamespace}`, '--', ...words];
  return await runProgram('nsenter', args, { input, timeoutMs, env: { ...process.env, LC_ALL: 'C' } });
}
