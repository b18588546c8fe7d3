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
    expect(await readSystem(root)).toMatchObject({ distribution: 'flatcar', contained: true });
    mkdirSync(join(root, 'kind'));
    expect(await readSystem(root)).toMatchObject({ distribution: 'kind', contained: true });
  } finally {
    rmSync(root, { recursive: true });
  }
});

it('does not take for the node what only this process sees, where the node may not be looked at', async () => {
  const { programs } = await readSystem('');
  expect(await readSystem('/nowhere')).toEqual({ distribution: 'other', programs, contained: false });
});

it('is not contained where its own files are those of the node', async () => {
  expect((await readSystem('')).contained).toBe(false);
});
