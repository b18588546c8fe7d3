/** Builds the programs into dist/, each complete in itself, unless they are newer than everything they are made from. */
import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const commandLine = { squall: 'src/cli/main.ts' };
/** What of the command line only some commands load: a web server is twice as large as all the rest. */
const lazyName = 'squall-lazy';
const smallPrograms = {
  agent: 'src/agent/main.ts',
  /** The thread of the sFlow collector. */
  collector: 'src/observers/collector/worker/main.ts',
  'tcp-probe': 'src/probes/tcp-probe/main.ts',
  'host-lookup': 'src/probes/host-lookup/main.ts',
  'readiness-prober': 'src/lab/readiness-prober/main.ts',
  'sflow-relay': 'src/lab/sflow-relay/main.ts',
};
const programs = { ...commandLine, ...smallPrograms };

function changedAt(path: string): number {
  return existsSync(join(root, path)) ? statSync(join(root, path)).mtimeMs : 0;
}

function isUpToDate(): boolean {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).map((file) => join('src', file));
  const newest = Math.max(...[...sources, 'package-lock.json', 'scripts/build.ts', 'scripts/bundle.ts'].map(changedAt));
  return Object.keys(programs).every((name) => changedAt(`dist/${name}.js`) > newest);
}

async function buildPrograms(): Promise<void> {
  const started = performance.now();
  const folder = join(root, 'dist');
  const stale = existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith(lazyName)) : [];
  await Promise.all(
    stale.map(async (name) => {
      await rm(join(folder, name));
    }),
  );
  await Promise.all([
    bundle(sourcesOf(commandLine), folder, { minify: true, lazyName }),
    bundle(sourcesOf(smallPrograms), folder, { minify: true }),
  ]);
  const names = Object.keys(programs).map((name) => `dist/${name}.js`);
  console.log(`built ${names.join(', ')} in ${(performance.now() - started).toFixed(0)} ms`);
}

function sourcesOf(entries: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).map(([name, source]) => [name, join(root, source)]));
}

/** npm links the programs of dependencies only; without this `npx squall` would first ask whether to install what is here already. */
async function linkProgram(): Promise<void> {
  const folder = join(root, 'node_modules', '.bin');
  const link = join(folder, 'squall');
  await mkdir(folder, { recursive: true });
  if (lstatSync(link, { throwIfNoEntry: false })) await rm(link);
  await symlink('../../bin/squall.js', link);
}

if (!isUpToDate()) {
  await buildPrograms().catch(() => {
    process.exitCode = 1; // esbuild has printed what is wrong, with file and line.
  });
}
await linkProgram();
