/** What was before us in sysctls that we have set: on disk before the first of them is written. */
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../../lib/index.ts';
import { syncFolder, writeDurably } from '../kernel/ledger.ts';
import type { SetSysctl } from './decide.ts';

/** Of one boot and one network namespace; in others the entries mean nothing. */
export type SysctlLedger = { version: 1; bootId: string; inode: number; entries: SetSysctl[] };

const fileOf = (stateFolder: string): string => join(stateFolder, 'sysctls.json');

/** undefined where nothing was ever set. Rejects with SyntaxError when it cannot be read as one: it must not be overwritten. */
export async function readSysctlLedger(stateFolder: string): Promise<SysctlLedger | undefined> {
  try {
    return JSON.parse(await readFile(fileOf(stateFolder), 'utf8')) as SysctlLedger;
  } catch (error) {
    if (!isMissing(error)) throw error;
    return undefined;
  }
}

/** Durable once this resolves; one that is cut off leaves what was there before. */
export async function writeSysctlLedger(stateFolder: string, ledger: SysctlLedger): Promise<void> {
  const path = fileOf(stateFolder);
  await writeDurably(`${path}.new`, JSON.stringify(ledger));
  await rename(`${path}.new`, path);
  await syncFolder(stateFolder);
}
