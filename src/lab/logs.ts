import { open, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { labFolder, type SwitchDaemon } from './record.ts';

const mostBytes = 4 * 1024 * 1024;
const tailBytes = 2000;

export function logsFolder(stateFolder: string): string {
  return join(labFolder(stateFolder), 'logs');
}

/** No container's log has this name: all of those have three parts. */
export function switchLog(stateFolder: string, daemon: SwitchDaemon): string {
  return join(logsFolder(stateFolder), `switch_${daemon}.log`);
}

/**
 * Keeps the logs of a lab bounded: a file that has grown past the limit starts anew with its last quarter. Processes write by
 * appending, so they need not know. Nobody is in between a process and its file, so this must be called now and then.
 * @returns names of the files that were cut
 */
export async function boundLogs(stateFolder: string, limit = mostBytes): Promise<string[]> {
  const folder = logsFolder(stateFolder);
  const cut: string[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const tail = await readTail(path, Math.floor(limit / 4), limit);
    if (tail === undefined) continue;
    await truncate(path, 0);
    const file = await open(path, 'a');
    try {
      await file.write(tail);
    } finally {
      await file.close();
    }
    cut.push(name);
  }
  return cut;
}

/** The last `bytes` of a file that is larger than `limit`, from the start of a line; undefined when it is smaller. */
async function readTail(path: string, bytes: number, limit: number): Promise<string | undefined> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size <= limit) return undefined;
    const buffer = Buffer.alloc(bytes);
    const { bytesRead } = await file.read(buffer, 0, bytes, size - bytes);
    const text = buffer.toString('utf8', 0, bytesRead);
    return text.slice(text.indexOf('\n') + 1);
  } finally {
    await file.close();
  }
}

/** The end of a container's log for a message; empty when it wrote nothing. */
export async function lastLines(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.slice(-tailBytes).trim();
}

export async function removeLogs(stateFolder: string): Promise<void> {
  await rm(logsFolder(stateFolder), { recursive: true, force: true });
}
