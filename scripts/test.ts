/** Every check of the project, one after the other, and their sum as one plain line: what `npm test` runs. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

type Counts = { passed: number; failed: number; skipped: number };

const root = fileURLToPath(new URL('..', import.meta.url));
const unitResults = join(root, 'out', 'unit-tests.json');

const steps: { name: string; run: () => Promise<Counts> }[] = [
  { name: 'format', run: () => check('prettier', ['--check', '--log-level', 'warn', '.']) },
  { name: 'lint', run: () => check('eslint', ['.']) },
  { name: 'types', run: () => check('tsc', ['--noEmit']) },
  { name: 'import rules', run: () => check('depcruise', ['--config', '.dependency-cruiser.cjs', 'src']) },
  { name: 'unit and property tests', run: unitTests },
  { name: 'kernel tests', run: kernelTests },
];

mkdirSync(join(root, 'out'), { recursive: true });
const sum: Counts = { passed: 0, failed: 0, skipped: 0 };
for (const { name, run } of steps) {
  const started = performance.now();
  console.log(`\n# ${name}`);
  const counts = await run();
  for (const key of ['passed', 'failed', 'skipped'] as const) sum[key] += counts[key];
  console.log(`# ${name}: ${counts.failed === 0 ? 'ok' : 'FAILED'} in ${((performance.now() - started) / 1000).toFixed(0)} s`);
}
console.log(`\n${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed === 0 ? 0 : 1;

/** A program that checks the whole tree counts as one test. */
async function check(program: string, args: readonly string[]): Promise<Counts> {
  const { code } = await start(program, args);
  return code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

async function unitTests(): Promise<Counts> {
  const { code } = await start('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${unitResults}`]);
  const results = JSON.parse(readFileSync(unitResults, 'utf8')) as {
    numPassedTests: number;
    numFailedTests: number;
    numPendingTests: number;
  };
  // A file that cannot be loaded fails the run without a failed test in it.
  const failed = results.numFailedTests === 0 && code !== 0 ? 1 : results.numFailedTests;
  return { passed: results.numPassedTests, failed, skipped: results.numPendingTests };
}

async function kernelTests(): Promise<Counts> {
  const { code, lastLine } = await start(process.execPath, [join(root, 'scripts', 'test-kernel.ts')]);
  const match = /^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(lastLine);
  const [passed = 0, failed = 0, skipped = 0] = (match ?? []).slice(1).map(Number);
  return { passed, failed: failed === 0 && (code !== 0 || !match) ? 1 : failed, skipped };
}

/** Shows what the program prints, and keeps its last line that is not empty. */
async function start(program: string, args: readonly string[]): Promise<{ code: number | null; lastLine: string }> {
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  let tail = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    process.stdout.write(text);
    tail = (tail + text).slice(-4096);
  });
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  return { code, lastLine: tail.trimEnd().split('\n').at(-1) ?? '' };
}
