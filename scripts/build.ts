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
const started = performance.now();
await rm(join(root, 'dist'), { recursive: true, force: true });
await bundle(Object.fromEntries(present.map(([name, source]) => [name, join(root, source)])), join(root, 'dist'), true);
for (const [name, source] of Object.entries(programs)) {
  if (!existsSync(join(root, source))) console.warn(`not built: dist/${name}.js, since ${source} is not there yet`);
}
console.log(
  `built ${present.map(([name]) => `dist/${name}.js`).join(', ') || 'nothing'} in ${(performance.now() - started).toFixed(0)} ms`,
);
