/** The edge of this room: files and standard input become texts. */
import { open } from 'node:fs/promises';
import { messageOf } from '../lib/index.ts';
import { type ManifestResult, readManifests } from './manifests.ts';
import { longestFile } from './yaml-documents.ts';
import type { Problem } from './problems.ts';

/** @param paths of files; `-` is standard input. A file that cannot be read is an error like any other. */
export async function readManifestFiles(
  paths: readonly string[],
  input: AsyncIterable<Buffer | string> = process.stdin,
): Promise<ManifestResult> {
  const texts = await Promise.all(
    paths.map(async (path) => {
      try {
        const bytes = path === '-' ? await readLimited(input) : await readLimited(await streamOf(path));
        return { name: nameOf(path), text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
      } catch (error) {
        return { name: nameOf(path), failure: messageOf(error) };
      }
    }),
  );
  const failures = texts.flatMap(({ name, failure }) => (failure === undefined ? [] : [unreadable(name, failure)]));
  const result = readManifests(texts.flatMap(({ name, text }) => (text === undefined ? [] : [{ name, text }])));
  if (failures.length === 0) return result;
  return { ...result, manifests: [], errors: [...failures, ...result.errors] };
}

function nameOf(path: string): string {
  return path === '-' ? 'standard input' : path;
}

async function streamOf(path: string): Promise<AsyncIterable<Buffer | string>> {
  const file = await open(path);
  return file.createReadStream();
}

/** Reads one byte more than a file may have, so that the limit is seen without reading 10 MB. */
async function readLimited(chunks: AsyncIterable<Buffer | string>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    parts.push(bytes);
    length += bytes.length;
    if (length > longestFile) break;
  }
  return Buffer.concat(parts);
}

function unreadable(file: string, reason: string): Problem {
  const message = `cannot be read (${reason}); expected a text file in UTF-8`;
  return { file, line: 1, path: '', value: 'nothing', message, code: 'InvalidInput' };
}
