/** Builds the programs into dist/, one self-contained file each. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const programs = {
  squall: 'src/cli/main.ts',
  agent: 'src/agent/main.ts',
  'tcp-probe': 'src/probes/tcp-probe/main.ts',
} as const;

const present = Object.entries(programs).filter(([, source]) => existsSync(join(root, source)));
const missing = Object.entries(programs).filter(([, source]) => !existsSync(join(root, source)));
const started = performance.now();
try {
  await bundle(Object.fromEntries(present.map(([name, source]) => [name, join(root, source)])), join(root, 'dist'), true);
  for (const [name, source] of missing) {
    await rm(join(root, 'dist', `${name}.js`), { force: true });
    console.warn(`not built: dist/${name}.js, since ${source} is not there yet`);
  }
  console.log(
    `built ${present.map(([name]) => `dist/${name}.js`).join(', ') || 'nothing'} in ${(performance.now() - started).toFixed(0)} ms`,
  );
} catch {
  process.exitCode = 1; // esbuild has printed what is wrong, with file and line.
}
