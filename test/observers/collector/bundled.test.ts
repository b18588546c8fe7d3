import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { bundle } from '../../../scripts/bundle.ts';
import { runProgram } from '../../../src/lib/index.ts';

const source = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

it('is found beside the program that opens it where both are bundles', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'squall-bundled-'));
  try {
    await bundle({ squall: source('./bundled-owner.ts') }, folder, { minify: true, lazyName: 'squall-lazy' });
    await bundle({ collector: source('./fake-worker.ts') }, folder, { minify: true });
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
    expect(await runProgram(process.execPath, [join(folder, 'squall.js')])).toMatchObject({
      code: 0,
      stdout: 'opened, crossed and closed\n',
      stderr: '',
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
