/**
 * Runs test/kernel/*.test.ts on a kernel with netem; with --program test/program/*.test.ts, which run the whole program, or with --matrix
 * test/matrix/*.test.ts, which try every case of a table, and both take minutes. Bundles them, boots one guest machine and runs node:test
 * there. Arguments narrow the files: `npm run test:kernel -- delay loss` runs those whose names contain one of the words.
 */
import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorFacts, messageOf, codeOf } from '../src/lib/index.ts';
import { runInGuest } from '../src/lab/guest/index.ts';
import { bundle } from './bundle.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const suites = ['program', 'matrix'];
const suite = suites.find((name) => process.argv[2] === `--${name}`);
const folder = `test/${suite ?? 'kernel'}`;
const words = process.argv.slice(suite === undefined ? 2 : 3);
const sources = join(root, folder);
const output = join(root, 'out/kernel-tests');
/** A guest that hangs is ended; on a busy machine the emulated processor is slow. */
const limitMs = 15 * 60_000;

const names = readdirSync(sources)
  .filter((file) => file.endsWith('.test.ts') && (words.length === 0 || words.some((word) => file.includes(word))))
  .map((file) => file.slice(0, -'.ts'.length));

if (names.length === 0) {
  console.error(`no file of ${folder} has a name with ${words.map((word) => `'${word}'`).join(' or ')}`);
  process.exitCode = 2;
} else {
  await bundleTests();
  process.exitCode = await run();
}

async function bundleTests(): Promise<void> {
  await rm(output, { recursive: true, force: true });
  const entries = Object.fromEntries(names.map((name) => [name, join(sources, `${name}.ts`)]));
  await bundle({ ...entries, 'kernel-test-summary': join(root, 'scripts/kernel-test-summary.ts') }, output);
}

/** @param again whether a machine that has stopped for good is replaced, and all tests run in another one */
async function run(again = true): Promise<number> {
  const lost = new AbortController();
  const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  try {
    return await runInGuest({
      command: [
        ...[process.execPath, '--disable-warning=ExperimentalWarning', '--test', '--test-concurrency=1'],
        ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
        ...[`--test-reporter=${join(output, 'kernel-test-summary.js')}`, '--test-reporter-destination=stdout'],
        ...names.map((name) => join(output, `${name}.js`)),
      ],
      cwd: root,
      env: { ...process.env, PATH: `${dirname(process.execPath)}:${join(root, 'node_modules/.bin')}:${systemPath}` },
      writable: [],
      onStdout: (data) => process.stdout.write(data),
      onStderr: (data) => process.stderr.write(data),
      onProgress: (text) => process.stderr.write(`${text}\n`),
      onTimerLost: (said) => {
        lost.abort(new Error(said));
      },
      signal: AbortSignal.any([AbortSignal.timeout(limitMs), lost.signal]),
    });
  } catch (error) {
    console.error(messageOf(error));
    if (lost.signal.aborted && again) {
      console.error('# the emulated machine has lost a timer and hangs; all of it runs in another one');
      return await run(false);
    }
    return errorFacts(codeOf(error)).exit;
  }
}
