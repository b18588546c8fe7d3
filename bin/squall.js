#!/usr/bin/env node
// Starts Squall on a Node that can run it. Written for old Nodes, too: it must come so far as to find the right one.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const neededMajor = 24;
const program = new URL('../dist/squall.js', import.meta.url);

if (Number(process.versions.node.split('.')[0]) < neededMajor) {
  await runOnPackagedNode();
} else if (existsSync(program)) {
  silenceSqliteWarning();
  if (['serve', 'operator', 'agent'].includes(process.argv[2])) useOneArena();
  await import(program.href);
} else {
  console.error("squall is not built: dist/squall.js is missing. Run 'npm run build'.");
  process.exitCode = 7;
}

/** The npm package "node" brings the Node that Squall is made for. */
async function runOnPackagedNode() {
  const node = packagedNode();
  if (node === undefined) {
    console.error(
      `squall needs Node ${neededMajor} and this is ${process.version}. Install it, or run 'npm ci', which brings it.`,
    );
    process.exitCode = 7;
    return;
  }
  const args = [fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  // A session of its own keeps the terminal from sending Ctrl-C to both: it comes once, from here, like every other signal.
  const child = spawn(node, args, { stdio: 'inherit', detached: true });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH']) {
    process.on(signal, () => child.kill(signal));
  }
  process.exitCode = await new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(`could not start ${node}: ${error.message}`);
      resolve(7);
    });
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

function packagedNode() {
  try {
    const file = join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin', 'node');
    return existsSync(file) ? file : undefined;
  } catch {
    return undefined; // The package is not installed.
  }
}

/**
 * What runs for months keeps its memory level: glibc gives every thread an arena of its own, and what V8's threads free in theirs is not
 * given back (docs/torture.md). Only the environment that a process starts in says otherwise, so it starts anew, as the same process.
 */
function useOneArena() {
  if (process.env.MALLOC_ARENA_MAX !== undefined || process.execve === undefined || !existsSync(process.execPath)) return;
  const args = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, args, { ...process.env, MALLOC_ARENA_MAX: '1' });
}

/** node:sqlite announces itself as experimental on every start; people can do nothing about it. */
function silenceSqliteWarning() {
  const { emitWarning } = process;
  process.emitWarning = (warning, ...rest) => {
    if (!String(warning).startsWith('SQLite is an experimental feature')) emitWarning.call(process, warning, ...rest);
  };
}
