/**
 * Reads a file in a folder that somebody else has as root, and never one outside of it: no symbolic link is followed by the kernel, which would start
 * an absolute one at our own root (as RESOLVE_IN_ROOT of openat2(2) prevents, which Node cannot ask for).
 */
import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync } from 'node:fs';

/** O_PATH of open(2), which Node does not name: a file is found, and nothing of it is opened. */
export const onlyFind = 0o10_000_000;
/** MAXSYMLINKS of path_resolution(7). */
const mostLinks = 40;
const largestFile = 256 * 1024;

/**
 * Undefined when it is not there.
 * @param root number of the opened folder
 * @throws Error when it is no regular file, is larger than 256 KiB, or its links go in circles
 */
export function readInRoot(root: number, path: string): string | undefined {
  const opened: number[] = [];
  try {
    const file = find(root, path, opened);
    return file === undefined ? undefined : readRegular(file, path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  } finally {
    opened.forEach(closeSync);
  }
}

const pathOf = (descriptor: number, ...names: string[]): string => ['/proc/self/fd', String(descriptor), ...names].join('/');
const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

function find(root: number, path: string, opened: number[]): number | undefined {
  let folders = [root];
  let left = partsOf(path);
  for (let links = 0; left.length > 0;) {
    const [name = '', ...after] = left;
    left = after;
    if (name === '..') {
      folders = folders.length > 1 ? folders.slice(0, -1) : folders;
      continue;
    }
    const folder = folders.at(-1) ?? root;
    const found = openSync(pathOf(folder, name), onlyFind | constants.O_NOFOLLOW);
    opened.push(found);
    if (!fstatSync(found).isSymbolicLink()) {
      folders.push(found);
      continue;
    }
    links += 1;
    if (links > mostLinks) throw new Error(`${path}: more than ${String(mostLinks)} symbolic links on the way`);
    const link = readlinkSync(pathOf(folder, name));
    if (link.startsWith('/')) folders = [root];
    left = [...partsOf(link), ...left];
  }
  return folders.length > 1 ? folders.at(-1) : undefined;
}

function readRegular(found: number, path: string): string {
  if (!fstatSync(found).isFile()) throw new Error(`${path} is no regular file`);
  const file = openSync(pathOf(found), constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const content = Buffer.alloc(largestFile + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < content.length; length += read) read = readSync(file, content, { offset: length });
    if (length > largestFile) throw new Error(`${path} is larger than ${String(largestFile / 1024)} KiB`);
    return content.toString('utf8', 0, length);
  } finally {
    closeSync(file);
  }
}
