/**
 * Every check of the project, one after the other, and their sum as one plain line: what `npm test` runs. With --boot only the tests
 * that boot guest machines of their own, which take minutes; with --cluster those that need a Kubernetes API server.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../src/lib/index.ts';
import { findBinaries } from '../test/cluster/server/binaries.ts';

type Counts = { passed: number; failed: number; skipped: number };

const root = fileURLToPath(new URL('..', import.meta.url));

type Step = { name: string; run: () => Promise<Counts> };

/** Lanes run one after the other, the two steps of a pair at once: the machine has two processors, and the guest wants both. */
const usual: Step[][] = [
  [
    { name: 'static checks', run: staticChecks },
    { name: 'unit and property tests', run: async () => await unitTests() },
  ],
  [{ name: 'kernel tests', run: kernelTests }],
];
const boots: Step[][] = [[{ name: 'guest boots', run: async () => await unitTests('--config', 'vitest.boot.config.ts') }]];
/** The file that waits for a guest machine and for leases most of its time; each step has a control plane of its own. */
const withGuest = 'test/cluster/server/experiments.test.ts';
const cluster: Step[][] = [
  [
    { name: 'cluster tests with a guest machine', run: async () => await clusterTests(withGuest) },
    { name: 'cluster tests', run: async () => await clusterTests('--exclude', withGuest) },
  ],
];
const lanes = process.argv.includes('--boot') ? boots : process.argv.includes('--cluster') ? cluster : usual;

const checks: [program: string, ...args: string[]][] = [
  ['prettier', '--check', '--log-level', 'warn', '.'],
  ['eslint', '.'],
  ['tsc', '--noEmit'],
  ['depcruise', '--config', '.dependency-cruiser.cjs', 'src'],
];

mkdirSync(join(root, 'out'), { recursive: true });
const sum: Counts = { passed: 0, failed: 0, skipped: 0 };
for (const lane of lanes) await Promise.all(lane.map(runStep));
console.log(`\n${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed === 0 ? 0 : 1;

async function runStep({ name, run }: Step): Promise<void> {
  const started = performance.now();
  console.log(`# ${name}`);
  const counts = await run();
  for (const key of ['passed', 'failed', 'skipped'] as const) sum[key] += counts[key];
  console.log(`# ${name}: ${counts.failed === 0 ? 'ok' : 'FAILED'} in ${((performance.now() - started) / 1000).toFixed(0)} s`);
}

/** A program that checks the whole tree counts as one test. */
async function staticChecks(): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const [program, ...args] of checks) {
    const { code } = await start(program, args);
    counts[code === 0 ? 'passed' : 'failed'] += 1;
    console.log(`# ${program}: ${code === 0 ? 'ok' : 'FAILED'}`);
  }
  return counts;
}

async function unitTests(...options: string[]): Promise<Counts> {
  const resultsFile = join(root, 'out', `unit-tests-${randomUUID()}.json`);
  const { code } = await start('vitest', [
    'run',
    ...options,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${resultsFile}`,
  ]);
  const results = JSON.parse(readFileSync(resultsFile, 'utf8')) as {
    numPassedTests: number;
    numFailedTests: number;
    numPendingTests: number;
  };
  rmSync(resultsFile);
  // A file that cannot be loaded fails the run without a failed test in it.
  const failed = results.numFailedTests === 0 && code !== 0 ? 1 : results.numFailedTests;
  return { passed: results.numPassedTests, failed, skipped: results.numPendingTests };
}

/** Where no API server can be had, that is said; on a machine of CI it is a failure. */
async function clusterTests(...options: string[]): Promise<Counts> {
  try {
    await findBinaries(console.log);
  } catch (error) {
    console.log(`SKIPPED: ${messageOf(error)}`);
    return process.env.CI === 'true' ? { passed: 0, failed: 1, skipped: 0 } : { passed: 0, failed: 0, skipped: 1 };
  }
  return await unitTests('--config', 'vitest.cluster.config.ts', ...options);
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
