/** One run that the step of the traffic aborts, and the instants of everything on the way. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Report } from '../../../src/api/index.ts';
import { experimentOf } from './manifests.ts';
import type { Tapped, TrialTimes } from './parts.ts';

const program = resolve('bin/squall.js');
const pollMs = 20;
const injectedWithinMs = 60_000;
/** The step is decided within seconds, or not at all. */
const endsWithinMs = 30_000;

export type TrialOptions = {
  folder: string;
  stateFolder: string;
  number: number;
  /** Pid of the sender, and the file that it writes to. */
  sender: { pid: number; log: string };
  /** What the campaign has heard of the exporter, which goes on growing. */
  tapped: readonly Tapped[];
  /** From the fault's first second to the step. */
  waitMs: number;
};

/** @returns what happened, or in words what did not */
export async function playTrial(options: TrialOptions): Promise<{ times: TrialTimes } | { problem: string }> {
  const { folder, stateFolder, number, sender, waitMs } = options;
  const name = `step-${number}`;
  const out = join(folder, name);
  mkdirSync(out, { recursive: true });
  const file = join(out, 'experiment.yaml');
  writeFileSync(file, experimentOf(name));
  const known = new Set(runsOf(stateFolder));
  const args = [program, 'run', file, '--state', stateFolder, '--guest', 'never', '--out', out];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let words = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-2000);
    });
  }
  const ended = new Promise<number | null>((settle) => child.once('close', settle));
  const isInjected = await untilInjected(stateFolder, known, child);
  let stepAt: number | undefined;
  if (isInjected) {
    await sleep(waitMs);
    stepAt = await stepNow(sender);
  }
  const code = await endWithin(child, ended, isInjected ? endsWithinMs : 1000);
  process.kill(sender.pid, 'SIGHUP');
  if (!isInjected || stepAt === undefined)
    return { problem: `the fault did not come to be; exit code ${String(code)}: ${words}` };
  if (code !== 4) return { problem: `exit code ${String(code)} instead of 4: ${words}` };
  return timesOf(readReport(out), stepAt, options.tapped);
}

function timesOf(
  { abort, residue }: Report,
  stepAt: number,
  tapped: readonly Tapped[],
): { times: TrialTimes } | { problem: string } {
  if (abort?.firstCleanAt === undefined || abort.lastCleanAt === undefined) {
    return { problem: `the report says of the abort only ${JSON.stringify(abort)}` };
  }
  if (residue !== 0) return { problem: `residue ${residue}` };
  const [crossedAt, decidedAt, firstCleanAt, lastCleanAt] = [
    abort.at,
    abort.decidedAt,
    abort.firstCleanAt,
    abort.lastCleanAt,
  ].map((instant) => Date.parse(instant)) as [number, number, number, number];
  if (crossedAt < stepAt) return { problem: `a false alarm: aborted ${stepAt - crossedAt} ms before the step` };
  const heard = tapped.filter(({ at }) => at >= stepAt && at <= crossedAt + 1);
  return { times: { stepAt, crossedAt, decidedAt, firstCleanAt, lastCleanAt, heard } };
}

/** @returns when the first packet of the step went out */
async function stepNow({ pid, log }: TrialOptions['sender']): Promise<number> {
  const before = stepsIn(log).length;
  process.kill(pid, 'SIGUSR2');
  for (let waited = 0; waited < 2000; waited += pollMs) {
    const at = stepsIn(log)[before];
    if (at !== undefined) return at;
    await sleep(pollMs);
  }
  throw new Error('the sender did not say that it has stepped');
}

function stepsIn(log: string): number[] {
  const lines = readFileSync(log, 'utf8').split('\n').slice(0, -1);
  return lines.filter((line) => line.startsWith('{"stepAt"')).map((line) => (JSON.parse(line) as { stepAt: number }).stepAt);
}

async function untilInjected(stateFolder: string, known: ReadonlySet<string>, child: ChildProcess): Promise<boolean> {
  for (let waited = 0; waited < injectedWithinMs && child.exitCode === null; waited += pollMs) {
    const journals = runsOf(stateFolder).filter((run) => !known.has(run));
    const files = journals.map((run) => join(stateFolder, 'runs', run, 'journal.jsonl')).filter((path) => existsSync(path));
    if (files.some((path) => readFileSync(path, 'utf8').includes('"phase":"during"'))) return true;
    await sleep(pollMs);
  }
  return false;
}

async function endWithin(child: ChildProcess, ended: Promise<number | null>, limitMs: number): Promise<number | null> {
  const timer = setTimeout(() => child.kill('SIGINT'), limitMs);
  const code = await ended;
  clearTimeout(timer);
  return code;
}

function runsOf(stateFolder: string): string[] {
  const folder = join(stateFolder, 'runs');
  return existsSync(folder) ? readdirSync(folder) : [];
}

function readReport(folder: string): Report {
  return JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;
}
