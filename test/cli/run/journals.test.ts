import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createJournals, type Journals } from '../../../src/cli/run/journals.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { readJournal } from '../../../src/report/index.ts';

const run = { uid: 'run-1' };
const stream = 'reaches: payments (10.0.0.1)';

let folder: string;
let opened: Journals[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'squall-journals-'));
  mkdirSync(join(folder, 'samples'));
  opened = [];
});
afterEach(() => {
  for (const journals of opened) journals.closeAll();
  rmSync(folder, { recursive: true });
});

/** What a process of squall has of journals, each time anew. */
function life(): Journals {
  const journals = createJournals({
    runs: join(folder, 'runs'),
    samples: join(folder, 'samples'),
    log: pino({ level: 'silent' }),
    clock: systemClock,
    onRecord: () => undefined,
    kernelChoice: { guest: false, driver: 'netem', why: 'a test' },
  });
  opened.push(journals);
  return journals;
}

/** Samples as the agent writes them, `count` of them from that instant on. */
function measure(from: number, count: number): void {
  const lines = Array.from({ length: count }, (_, index) => JSON.stringify({ stream, sentAt: from + index, rttMs: 1 }));
  appendFileSync(join(folder, 'samples', `${run.uid}-probe-lab.jsonl`), `${lines.join('\n')}\n`);
}

function instantsIn(journals: Journals): number[] {
  return readJournal(journals.file(run.uid)).flatMap((record) =>
    record.type === 'samples' ? record.samples.map(([sentAt]) => sentAt) : [],
  );
}

describe('the journal of a run that another life of the process began', () => {
  it('gets each sample once, though the agent has written more than is read at a time', () => {
    const before = life();
    before.open(run);
    const many = Math.ceil((2.5 * 1024 * 1024) / JSON.stringify({ stream, sentAt: 0, rttMs: 1 }).length);
    measure(0, many);
    for (let look = 0; look < 3; look += 1) before.follow();
    expect(instantsIn(before)).toHaveLength(many);
    before.closeAll();

    const after = life();
    after.open(run);
    measure(many, 5);
    for (let look = 0; look < 3; look += 1) after.follow();
    const instants = instantsIn(after);
    expect([instants.length, new Set(instants).size, instants.at(-1)]).toEqual([many + 5, many + 5, many + 4]);
  });

  it('gets what is measured from then on also where a line was only half written', () => {
    life().open(run);
    appendFileSync(join(folder, 'samples', `${run.uid}-probe-lab.jsonl`), `{"stream":"${stream}",`);
    const after = life();
    after.open(run);
    appendFileSync(join(folder, 'samples', `${run.uid}-probe-lab.jsonl`), '"sentAt":1,"rttMs":1}\n');
    after.follow();
    expect(instantsIn(after)).toEqual([1]);
  });
});
