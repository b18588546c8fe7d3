/**
 * The commands of the README as a person types them, each with its own guest where the kernel lacks netem: their exit codes and what
 * they leave behind. Slower than `npm test`, so it runs by itself: `npm run test:acceptance`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Report } from '../src/api/index.ts';
import { gatherKernelFacts } from '../src/lab/index.ts';
import { messageOf } from '../src/lib/index.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'squall-acceptance-'));
const shop = 'experiments/lab/shop.yaml';
const shopWithOpenVswitch = 'experiments/lab/shop-openvswitch.yaml';
const reportFiles = ['journal.jsonl', 'report.json', 'junit.xml', 'report.html'];

const hasNetem = (await gatherKernelFacts()).netem.outcome === 'works';

type Outcome = { code: number | null; output: string };
type Check = { title: string; run: () => Promise<void> };

const checks: Check[] = [
  {
    title: 'npm run demo exits 0, is Passed with 200 ms of dose and residue 0, and leaves four files',
    run: async () => {
      rmSync(join(root, 'out/demo'), { recursive: true, force: true });
      expectCode(await run('npm', ['run', 'demo']), 0);
      for (const file of reportFiles) expect(existsSync(join(root, 'out/demo', file)), `${file} is missing`);
      expectDelayed(readReport(join(root, 'out/demo')));
    },
  },
  experiment('no-target', 3, expectUntouched),
  experiment('no-dose', 6, ({ reason }) => {
    expect(reason === 'NoDose', `reason ${reason}`);
  }),
  experiment('not-steady', 3, expectUntouched),
  experiment('checkout-loss-breaks', 1, expectDriver, ['--guest', 'never']),
  experiment('payments-loss-pulses', 0, expectSteps, ['--guest', 'never']),
  experiment('sflow-abort', 4, expectStormSeen, ['--guest', 'never'], shopWithOpenVswitch),
  experiment('checkout-delay', hasNetem ? 0 : 3, hasNetem ? expectDelayed : expectNetemAsked, ['--guest', 'never']),
  { title: 'a run whose guest machine is killed is reported Aborted by the next start', run: killMachine },
];

let failed = 0;
for (const { title, run: check } of checks) {
  const started = performance.now();
  const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(0)} s`;
  try {
    await check();
    console.log(`ok      ${title} (${seconds()})`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${title} (${seconds()})\n${messageOf(error)}`);
  }
}
rmSync(work, { recursive: true, force: true });
console.log(`\n${checks.length - failed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed === 0 ? 0 : 1;

function experiment(name: string, code: number, judge: (report: Report) => void, options: string[] = [], lab = shop): Check {
  return {
    title: ['npx squall run', `${name}.yaml`, ...options, `exits ${code}`].join(' '),
    run: async () => {
      const out = join(work, name);
      const file = `experiments/${name}.yaml`;
      const places = ['--out', out, '--state', join(work, 'state')];
      expectCode(await run('npx', ['squall', 'run', file, '--lab', lab, ...places, ...options]), code);
      const report = readReport(out);
      expect(report.residue === 0, `residue ${report.residue}`);
      judge(report);
    },
  };
}

/** Each step shows a dose of its own, and while the pulse rests nothing is lost. */
function expectSteps({ dose, hypothesis }: Report): void {
  const asked = dose.map(({ requested, ok }) => `${requested.value} ${requested.unit} ${ok ? 'seen' : 'not seen'}`).join(', ');
  expect(asked === '33 % seen, 20 % seen', `doses ${asked}`);
  const lost = hypothesis.find(({ phase }) => phase === 'during')?.observed[0]?.lossPercent ?? NaN;
  expect(lost > 5 && lost < 30, `${lost} % were lost`);
}

/** The network itself told of the retry storm, long before the fault's 60 s were over, and the report says what it told. */
function expectStormSeen({ abort, phases }: Report): void {
  const during = phases.find(({ name }) => name === 'during');
  const lasted = Date.parse(during?.endedAt ?? '') - Date.parse(during?.startedAt ?? '');
  expect(lasted < 30_000, `the fault lasted ${lasted} ms`);
  const told = JSON.stringify(abort);
  for (const word of ['retry-storm', ',7000', '200']) expect(told.includes(word), `'${word}' is not in: ${told}`);
  expect(abort?.lastCleanAt !== undefined, `no instant at which all were clean: ${told}`);
}

/** The machine goes away with a fault in it, as in a power cut. */
async function killMachine(): Promise<void> {
  const state = join(work, 'killed');
  const args = ['squall', 'run', 'experiments/checkout-delay.yaml', '--lab', shop, '--guest', 'always', '--state', state];
  const { child, outcome } = start('npx', args);
  await untilInjected(join(state, 'runs'));
  process.kill(machineOf(child), 'SIGKILL');
  expectCode(await outcome, 7);
  const next = await run('npx', ['squall', 'run', 'experiments/no-target.yaml', '--lab', shop, '--state', state]);
  expectCode(next, 3);
  const told = /cut off: shop\/checkout-delay: Aborted \(\w+\), residue 0/.test(next.output);
  expect(told, `the next start did not say so:\n${next.output}`);
}

async function untilInjected(runs: string): Promise<void> {
  for (let attempt = 0; attempt < 1200; attempt += 1) {
    const journals = existsSync(runs) ? readdirSync(runs).map((uid) => join(runs, uid, 'journal.jsonl')) : [];
    if (journals.some((file) => existsSync(file) && readFileSync(file, 'utf8').includes('"phase":"during"'))) return;
    await sleep(200);
  }
  throw new Error('the fault was not in after four minutes');
}

/** The QEMU that descends from the command. */
function machineOf({ pid }: ChildProcess): number {
  const parents = new Map(
    readdirSync('/proc').flatMap((name): [number, { parent: number; program: string }][] => {
      try {
        const [, program = '', parent = ''] = /^\d+ \((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
        return [[Number(name), { parent: Number(parent), program }]];
      } catch {
        return [];
      }
    }),
  );
  for (const [candidate, { program }] of parents) {
    if (!program.startsWith('qemu-system')) continue;
    for (let ancestor = candidate; ancestor > 1; ancestor = parents.get(ancestor)?.parent ?? 0) {
      if (ancestor === pid) return candidate;
    }
  }
  throw new Error('no guest machine runs under the command');
}

function readReport(folder: string): Report {
  return JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;
}

function expectDelayed({ verdict, dose, residue }: Report): void {
  expect(verdict === 'Passed', `verdict ${verdict}`);
  expect(residue === 0, `residue ${residue}`);
  const value = dose[0]?.measured.value ?? NaN;
  expect(Math.abs(value - 200) <= 5, `measured ${value} ms instead of 200`);
}

/** This kernel's own, without any guest machine. */
function expectDriver({ driver, dose, reason }: Report): void {
  expect(reason === 'HypothesisViolated', `reason ${reason}`);
  expect(driver === (hasNetem ? 'netem' : 'htb'), `driver ${driver}`);
  expect(dose.length === 3 && dose.every(({ ok }) => ok), `dose ${JSON.stringify(dose)}`);
}

function expectNetemAsked(report: Report): void {
  expectUntouched(report);
  for (const word of ['sch_netem', 'linux-modules-extra', 'kernel-modules-extra', 'Debian', 'WSL2', 'driver htb is available']) {
    expect(report.message.includes(word), `'${word}' is not in: ${report.message}`);
  }
}

function expectUntouched({ phases, targets, verdict }: Report): void {
  expect(verdict === 'Refused', `verdict ${verdict}`);
  expect(!phases.some(({ name }) => name === 'inject'), 'something was injected');
  expect(
    targets.every(({ activeAt }) => activeAt === undefined),
    'a target was touched',
  );
}

function expectCode({ code, output }: Outcome, expected: number): void {
  expect(code === expected, `exit code ${String(code)} instead of ${expected}:\n${output}`);
}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

async function run(program: string, args: readonly string[]): Promise<Outcome> {
  return await start(program, args).outcome;
}

function start(program: string, args: readonly string[]): { child: ChildProcess; outcome: Promise<Outcome> } {
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.once('error', reject).once('close', (code) => {
      resolve({ code, output });
    });
  });
  return { child, outcome };
}
