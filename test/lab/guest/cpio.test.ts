import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ArchiveEntry, parentFolders, writeArchive } from '../../../src/lab/guest/cpio.ts';

/** A second reading of the format, from the kernel's description of it rather than from the writer. */
function readArchive(archive: Buffer): { path: string; mode: number; content: Buffer }[] {
  const found = [];
  for (let at = 0; ;) {
    expect(archive.toString('latin1', at, at + 6)).toBe('070701');
    const field = (index: number) => Number.parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const [mode, size, nameSize] = [field(1), field(6), field(11)];
    const path = archive.toString('utf8', at + 110, at + 110 + nameSize - 1);
    const start = Math.ceil((at + 110 + nameSize) / 4) * 4;
    if (path === 'TRAILER!!!') return found;
    found.push({ path, mode, content: archive.subarray(start, start + size) });
    at = Math.ceil((start + size) / 4) * 4;
  }
}

const name = fc.stringMatching(/^[a-zäß0-9._ -]{1,20}$/).filter((text) => text !== '.' && text !== '..');
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));
const file = fc.record({
  type: fc.constant('file' as const),
  path,
  content: fc.uint8Array({ maxLength: 50 }),
  executable: fc.boolean(),
});
const folder = fc.record({ type: fc.constant('folder' as const), path });
const link = fc.record({ type: fc.constant('link' as const), path, target: path });

describe('writeArchive', () => {
  it('writes what a reader of the format reads back', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(file, folder, link)), (entries: ArchiveEntry[]) => {
        const expected = entries.map((entry) => {
          if (entry.type === 'folder') return { path: entry.path, mode: 0o040755, content: Buffer.alloc(0) };
          if (entry.type === 'link') return { path: entry.path, mode: 0o120777, content: Buffer.from(entry.target) };
          return { path: entry.path, mode: entry.executable ? 0o100755 : 0o100644, content: Buffer.from(entry.content) };
        });
        expect(readArchive(writeArchive(entries))).toEqual(expected);
      }),
    );
  });

  it('gives equal bytes for equal entries', () => {
    const entries: ArchiveEntry[] = [{ type: 'file', path: 'init', content: '#!/bin/busybox sh\n', executable: true }];
    expect(writeArchive(entries).equals(writeArchive(entries))).toBe(true);
  });
});

describe('parentFolders', () => {
  it.each([
    { paths: ['init'], folders: [] },
    { paths: ['a/b/c', 'a/d'], folders: ['a', 'a/b'] },
    { paths: ['z/y/x', 'a/b'], folders: ['a', 'z', 'z/y'] },
  ])('names the folders of $paths, parents first', ({ paths, folders }) => {
    expect(parentFolders(paths).map((entry) => entry.path)).toEqual(folders);
  });
});
