/** The ledger as it counts here and now. */
import { readFile } from 'node:fs/promises';
import { SquallError } from '../../lib/index.ts';
import { readBootId } from '../kernel/ledger.ts';
import { listNamespaces } from '../leftovers/namespaces.ts';
import type { Log } from '../log.ts';
import { namespaceInode } from '../namespaces/files.ts';
import { readSysctlLedger, type SysctlLedger } from './ledger.ts';

/**
 * What was set went with the boot, or with the network namespace that it was set in.
 * @param netNamespace a file that names the one whose sysctls are the node's
 * @throws SquallError KernelRefused when it speaks of another network namespace, whose sysctls are not to be seen from here
 */
export async function openSysctlLedger(stateFolder: string, netNamespace: string, log: Log): Promise<SysctlLedger> {
  const [bootId, inode] = await Promise.all([readBootId(), namespaceInode(netNamespace)]);
  if (inode === undefined) throw new SquallError('NotFound', `there is no network namespace at ${netNamespace}`);
  const known = await readSysctlLedger(stateFolder);
  if (known?.bootId !== bootId) return { version: 1, bootId, inode, entries: [] };
  if (known.inode === inode || known.entries.length === 0) return { ...known, inode };
  if (await isSomewhere(known.inode)) {
    const remedy = `run in the namespace with the inode ${String(known.inode)} what is to set them back`;
    throw new SquallError('KernelRefused', `the sysctls in ${stateFolder} were set in another network namespace; ${remedy}`);
  }
  const sysctls = known.entries.map(({ sysctl }) => sysctl).join(', ');
  log('info', 'sysctls went with the network namespace that they were set in', { inode: known.inode, sysctls });
  return { ...known, inode, entries: [] };
}

/** By its name, by a process that is in it, or by a file that it is mounted on. */
async function isSomewhere(inode: number): Promise<boolean> {
  if ((await listNamespaces()).some((one) => one.inode === inode)) return true;
  return (await readFile('/proc/self/mountinfo', 'utf8')).includes(` net:[${String(inode)}] `);
}
