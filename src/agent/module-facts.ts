/** What is known of loadable modules without trying any. */
import { access, readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { isForbidden, isMissing } from '../lib/index.ts';
import type { ModuleFacts } from '../preflight/index.ts';

/** @param root the node's files, as its first process sees them */
export async function readModuleFacts(root = '/proc/1/root'): Promise<ModuleFacts> {
  const [kernelTakesModules, disabled, installed] = await Promise.all([
    access('/proc/modules').then(
      () => true,
      () => false,
    ),
    readFile('/proc/sys/kernel/modules_disabled', 'utf8').catch(undefinedIfUnreadable),
    readFile(`${root}/lib/modules/${release()}/modules.dep`, 'utf8').catch(undefinedIfUnreadable),
  ]);
  return { kernelTakesModules, isLoadingDisabled: disabled?.trim() === '1', ...(installed === undefined ? {} : { installed }) };
}

function undefinedIfUnreadable(error: unknown): undefined {
  if (!isMissing(error) && !isForbidden(error)) throw error;
}
