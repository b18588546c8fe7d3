import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';

/** A file of ours may grow so long, and one old file is kept beside it. */
export const mostBytes = 8 * 1024 * 1024;

/**
 * Keeps a file bounded that another process appends to: past the limit its content moves to `FILE.1` and it starts anew. What is
 * appended between copy and cut is lost, so this is for logs only.
 */
export function boundForeignFile(file: string, limit: number = mostBytes): void {
  if (!existsSync(file) || statSync(file).size <= limit) return;
  copyFileSync(file, `${file}.1`);
  truncateSync(file, 0);
}

/** Appends one line, whole or not at all, to a file that only this process writes; past the limit the file becomes `FILE.1`. */
export function appendLine(file: string, line: string, limit: number = mostBytes): void {
  const bytes = Buffer.from(`${line}\n`);
  if (existsSync(file) && statSync(file).size + bytes.length > limit) renameSync(file, `${file}.1`);
  const descriptor = openSync(file, 'a', 0o600);
  const { size } = fstatSync(descriptor);
  try {
    for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
  } catch (error) {
    ftruncateSync(descriptor, size);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}
