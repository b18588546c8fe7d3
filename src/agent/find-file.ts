import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { SquallError } from '../lib/index.ts';

/** Where in PATH a program is; undefined when it is nowhere. */
export async function findProgram(name: string): Promise<string | undefined> {
  return await findIn((process.env.PATH ?? '').split(delimiter), name, constants.X_OK);
}

/** The first of these folders' files of this name that may be used as `mode` (access(2)) says. */
export async function findIn(folders: readonly string[], file: string, mode: number): Promise<string | undefined> {
  if (!/^[\w.+-]+$/.test(file)) throw new SquallError('InvalidInput', `'${file}' is no file name`);
  for (const folder of folders) {
    const path = join(folder, file);
    try {
      await access(path, mode);
      return path;
    } catch {
      // Not here; the next folder may have it.
    }
  }
  return undefined;
}
