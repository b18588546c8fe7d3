/** The whole program, as a person starts it, inside the guest. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalRecord, Report } from '../../src/api/index.ts';

const program = resolve('bin/squall.js');
const fixtures = resolve('test/fixtures');

export type Outcome = { code: number | null; stdout: string; stderr: string };

export type Squall = {
  stateFolder: string;
  start: (experiment: string, more?: readonly string[]) => { process: ChildProcess; outcome: Promise<Outcome> };
  run: (experiment: string, more?: readonly string[]) => Promise<Outcome>;
  /** Resolves once a journal says that the phase has begun in the run of that name. */
  untilPhase: (name: string, phase: string) => Promise<JournalRecord[]>;
  dispose: () => void;
};

/** A state folder of its own, and the program on it with the small lab. */
export function createSquall(): Squall {
  const stateFolder = mkdtempSync(join(tmpdir(), 'squall-run-test-'));

  function start(experiment: string, more: readonly string[] = []): { process: ChildProcess; outcome: Promise<Outcome> } {
    const file = join(fixtures, 'experiments', `${experiment}.yaml`);
    const lab = join(fixtures, 'lab/trio.yaml');
    const child = spawn(
      process.execPath,
      [program, 'run', file, '--lab', lab, '--guest', 'never', '--state', stateFolder, ...more],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    return { process: child, outcome: outcomeOf(child) };
  }

  return {
    stateFolder,
    start,
    run: async (experiment, more) => await start(experiment, more).outcome,
    async untilPhase(name, phase) {
      for (let attempt = 0; attempt < 600; attempt += 1) {
        const records = journalOf(join(stateFolder, 'runs'), name);
        if (records.some((record) => record.type === 'phase' && record.phase === phase)) return records;
        await sleep(100);
      }
      throw new Error(`no journal of ${name} in ${stateFolder} reached '${phase}'`);
    },
    dispose: () => {
      rmSync(stateFolder, { recursive: true, force: true });
    },
  };
}

async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...output };
}

/** What `-o json` printed; always as a list. */
export function reportsOf({ stdout, stderr }: Outcome): Report[] {
  try {
    const printed = JSON.parse(stdout) as Report | Report[];
    return Array.isArray(printed) ? printed : [printed];
  } catch (error) {
    throw new Error(`not JSON: ${stdout}\n${stderr}`, { cause: error });
  }
}

function journalOf(runs: string, name: string): JournalRecord[] {
  if (!existsSync(runs)) return [];
  const journals = readdirSync(runs).map((uid) => {
    const file = join(runs, uid, 'journal.jsonl');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
    return lines.map((line) => JSON.parse(line) as JournalRecord);
  });
  return journals.find((records) => records.some((record) => record.type === 'created' && record.name === name)) ?? [];
}
