import { describe, expect, it } from 'vitest';
import { heapGrowth, judgeHeaps, judgeSoak, type SoakSample, soakSlopes } from '../../scripts/campaigns/soak-judgement.ts';

const minutes = 60;
const mebibyte = 1024 * 1024;
const passed = Array.from({ length: minutes }, () => 'Passed (SteadyStateHeld)');

function hour(change: (minute: number) => Partial<SoakSample>): SoakSample[] {
  return Array.from({ length: minutes + 1 }, (_, minute) => ({ minute, control: 100, agent: 80, folder: {}, ...change(minute) }));
}

function problemsOf(samples: SoakSample[], verdicts: readonly string[] = passed): string[] {
  return judgeSoak(samples, soakSlopes(samples), verdicts, minutes);
}

describe('an hour of looping runs', () => {
  it.each([
    ['everything is level', hour(() => ({}))],
    ['memory settles in the first half', hour((minute) => ({ agent: 60 + Math.min(20, minute) }))],
    ['memory scatters about a level', hour((minute) => ({ control: minute % 2 === 0 ? 90 : 110 }))],
    ['the reports fill up to their history', hour((minute) => ({ folder: { runs: Math.min(25, minute) * 100_000 } }))],
    ['a file with a limit grows below it', hour((minute) => ({ folder: { 'store.db': (minute * mebibyte) / 2 } }))],
  ])('holds where %s', (_, samples) => {
    expect(problemsOf(samples)).toEqual([]);
  });

  it.each([
    ['control process grows by 12.0', hour((minute) => ({ control: 100 + minute / 5 }))],
    ['agent process grows by 6.0', hour((minute) => ({ agent: 80 + minute / 10 }))],
    ['runs grows by', hour((minute) => ({ folder: { runs: minute * 100_000 } }))],
    ['store.db has', hour((minute) => ({ folder: { 'store.db': minute * 2 * mebibyte } }))],
    ['one of the two processes missing', hour((minute) => (minute === 40 ? { agent: 0 } : {}))],
    ['too few samples', hour(() => ({})).slice(0, 1)],
  ])('fails with "%s"', (words, samples) => {
    expect(problemsOf(samples).join('\n')).toContain(words);
  });

  it.each([
    ['29 runs have ended', passed.slice(0, 29)],
    ['a run ended Failed (SteadyStateLost)', [...passed, 'Failed (SteadyStateLost)']],
    ['a run ended Aborted (LeaseExpired)', [...passed, 'Aborted (LeaseExpired)']],
    ['11 of 71 runs were not decided', [...passed, ...Array.from({ length: 11 }, () => 'Inconclusive (NoDose)')]],
  ])('fails with "%s" for its verdicts', (words, verdicts) => {
    expect(
      problemsOf(
        hour(() => ({})),
        verdicts,
      ),
    ).toContainEqual(expect.stringContaining(words));
  });
});

describe('what the heaps hold', () => {
  it.each([
    [{ minute: 60, control: 30.5, agent: 20 }, []],
    [{ minute: 60, control: 29, agent: 20.7 }, []],
    [{ minute: 60, control: 32, agent: 20 }, ['the heap of the control process holds 2.67 MiB more an hour']],
    [{ minute: 30, control: 30, agent: 21 }, ['the heap of the agent process holds 4.00 MiB more an hour']],
  ])('after a quarter of an hour 30 and 20 MiB, and then %j', (last, problems) => {
    expect(judgeHeaps(heapGrowth([{ minute: 15, control: 30, agent: 20 }, last]))).toEqual(problems);
  });
});
