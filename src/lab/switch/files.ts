import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { labFolder } from '../record.ts';

/** Database and sockets of a lab's own switch; there only while its lab is. */
export function switchFolder(stateFolder: string): string {
  return join(labFolder(stateFolder), 'switch');
}

export async function removeSwitchFiles(stateFolder: string): Promise<void> {
  await rm(switchFolder(stateFolder), { recursive: true, force: true });
}
