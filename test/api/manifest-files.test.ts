import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { readManifestFiles } from '../../src/api/index.ts';
import { manifestText, shaper } from './samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'squall-manifests-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('readManifestFiles', () => {
  const good = file('good.yaml', manifestText('NetworkTrafficShaper', shaper));

  it('reads files, and standard input for a dash', async () => {
    const input = Readable.from([Buffer.from(manifestText('NetworkTrafficShaper', shaper, { name: 'other' }))]);
    const { manifests, errors } = await readManifestFiles([good, '-'], input);
    expect(errors).toEqual([]);
    expect(manifests.map(({ object }) => object.metadata.name)).toEqual(['sample', 'other']);
  });

  it.each([
    ['is not there', join(folder, 'missing.yaml'), /ENOENT/],
    ['is a folder', folder, /EISDIR/],
    ['is not text', file('binary', new Uint8Array([0xff, 0xfe, 0x00, 0xc3])), /UTF-8/],
    ['is longer than 1 MiB', file('long.yaml', 'x'.repeat(10 * 1024 * 1024)), /too long/],
  ])('makes the input invalid when a file %s', async (_title, path, message) => {
    const { manifests, errors } = await readManifestFiles([good, path]);
    expect(manifests).toEqual([]);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ file: path, message: expect.stringMatching(message) as string });
  });

  it('stops reading an endless input', async () => {
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(64 * 1024, 'a');
      })(),
    );
    expect((await readManifestFiles(['-'], endless)).errors[0]?.message).toMatch(/too long/);
  });
});
