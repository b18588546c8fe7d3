import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SquallError } from '../lib/index.ts';

/**
 * Takes the state folder for this process until it is disposed of or the process ends, however it ends: the kernel drops the file
 * lock by itself. The folder is taken on the host for as long as a guest uses it, and once more inside the guest.
 */
export function lockState(stateFolder: string): Disposable {
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(stateFolder, 'lock'));
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    const remedy = 'wait for it to end, or give this one a folder of its own with --state';
    throw new SquallError('StateInUse', `another squall is using the state folder ${stateFolder}; ${remedy}`, { cause: error });
  }
  return {
    [Symbol.dispose]: () => {
      database.close();
    },
  };
}
