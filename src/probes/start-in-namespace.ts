import { closeSync, fstatSync, openSync } from 'node:fs';
import { isMissing, SquallError } from '../lib/index.ts';
import { type LineProcess, type LineProcessListeners, startLineProcess } from './line-process.ts';

/** A file that names a network namespace, and the namespace's number: at a path of /proc another may be a moment later. */
export type NamespaceFile = { path: string; inode: number };

/** The first free number after standard input, output and error. */
const inheritedAs = 3;

/**
 * Starts a program inside a network namespace so that it cannot outlive whoever started it: the kernel kills it when its parent
 * dies (PR_SET_PDEATHSIG of prctl(2), set by util-linux's setpriv), also when that was kill -9. The program inherits the opened
 * namespace instead of its path, which may name another before nsenter has read it; it keeps alive only what it is in anyway.
 * @param also another file of ours, which the program gets as its number 4
 * @throws SquallError NotFound when the file does not name the namespace any more
 */
export function startInNamespace(
  namespace: NamespaceFile,
  program: string,
  args: readonly string[],
  on: LineProcessListeners,
  input?: string,
  also?: number,
): LineProcess {
  const file = openNamespace(namespace);
  try {
    const entering = ['--pdeathsig', 'KILL', 'nsenter', `--net=/proc/self/fd/${String(inheritedAs)}`, '--', program, ...args];
    const inherit = [file, ...(also === undefined ? [] : [also])];
    return startLineProcess('setpriv', entering, on, { ...(input === undefined ? {} : { input }), inherit });
  } finally {
    closeSync(file);
  }
}

function openNamespace({ path, inode }: NamespaceFile): number {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new SquallError('NotFound', `NamespaceGone: there is no network namespace at ${path} any more`, { cause: error });
  }
  if (fstatSync(file).ino === inode) return file;
  closeSync(file);
  throw new SquallError('NotFound', `NamespaceGone: ${path} names another network namespace than ${String(inode)} by now`);
}
