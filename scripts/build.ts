/** Builds the programs into dist/, one self-contained file each, unless they are newer than all they are made from. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const programs = {
  squall: 'src/cli/main.ts',
  agent: 'src/agent/main.ts',
  'tcp-probe': 'src/probes/tcp-probe/main.ts',
  'readiness-prober': 'src/lab/readiness-prober/main.ts',
} as const;

const present = Object.entries(programs).filter(([, source]) => existsSync(join(root, source)));
const missing = Object.entries(programs).filter(([, source]) => !existsSync(join(root, source)));

function changedAt(path: string): number {
  return existsSync(join(root, path)) ? statSync(join(root, path)).mtimeMs : 0;
}

function isUpToDate(): boolean {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).map((file) => join('src', file));
  const newest = Math.max(...[...sources, 'package-lock.json', 'scripts/build.ts', 'scripts/bundle.ts'].map(changedAt));
  return missing.length === 0 && present.every(([name]) => changedAt(`dist/${name}.js`) > newest);
}

async function buildPrograms(): Promise<void> {
  const started = performance.now();
  await bundle(Object.fromEntries(present.map(([name, source]) => [name, join(root, source)])), join(root, 'dist'), true);
  for (const [name, source] of missing) {
    await rm(join(root, 'dist', `${name}.js`), { force: true });
    console.warn(`not built: dist/${name}.js, since ${source} is not there yet`);
  }
  console.log(
    `built ${present.map(([name]) => `dist/${name}.js`).join(', ') || 'nothing'} in ${(performance.now() - started).toFixed(0)} ms`,
  );
}

if (!isUpToDate()) {
  await buildPrograms().catch(() => {
    process.exitCode = 1; // esbuild has printed what is wrong, with file and line.
  });
}
