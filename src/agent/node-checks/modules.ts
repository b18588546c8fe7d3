import { readFile, stat } from 'node:fs/promises';
import { isMissing } from '../../lib/index.ts';
import type { ModuleListing } from '../../preflight/index.ts';

/**
 * What this kernel says of one module.
 * @param root of the node's files
 * @param release the kernel's own, as uname(2) says it
 */
export async function readModuleListing(module: string, root: string, release: string): Promise<ModuleListing> {
  const loaded = await readIfThere('/proc/modules');
  const builtin = await readIfThere(`${root}/lib/modules/${release}/modules.builtin`);
  return {
    ...(loaded === undefined ? {} : { loaded }),
    ...(builtin === undefined ? {} : { builtin }),
    inSysfs: await isThere(`/sys/module/${module.replaceAll('-', '_')}`),
  };
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (!isMissing(error)) throw error;
    return undefined;
  }
}

async function isThere(folder: string): Promise<boolean> {
  try {
    await stat(folder);
    return true;
  } catch (error) {
    if (!isMissing(error)) throw error;
    return false;
  }
}
