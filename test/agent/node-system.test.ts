import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readSystem } from '../../src/agent/node-system.ts';

it("reads which system the node runs from the node's own files, and that they are not those of this process", async () => {
  const root = mkdtempSync(join(tmpdir(), 'squall-root-'));
  try {
    mkdirSync(join(root, 'etc'));
    writeFileSync(join(root, 'etc', 'os-release'), 'ID=flatcar\n');
    expect(await readSystem(root)).toEqual({ distribution: 'flatcar', contained: true });
    mkdirSync(join(root, 'kind'));
    expect(await readSystem(root)).toEqual({ distribution: 'kind', contained: true });
  } finally {
    rmSync(root, { recursive: true });
  }
});

it('knows of a node whose files it may not see that it is another', async () => {
  expect(await readSystem('/nowhere')).toEqual({ distribution: 'other', contained: true });
});

it('is not contained where its own files are those of the node', async () => {
  expect((await readSystem('')).contained).toBe(false);
});
