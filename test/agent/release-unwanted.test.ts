import { describe, expect, it } from 'vitest';
import type { Enforcer } from '../../src/agent/enforcement/enforcer.ts';
import { releaseUnwanted } from '../../src/agent/release-unwanted.ts';
import { createJumpingClock } from './support.ts';

const noted = () => undefined;

/** @param answers of one retain after the other: how many are left, or why it cannot be known */
function bench(answers: readonly (number | string)[]) {
  const stopping = new AbortController();
  const residues: number[] = [];
  const clock = createJumpingClock();
  const waiting = [...answers];
  const enforcer: Enforcer = {
    apply: () => Promise.resolve([]),
    release: () => Promise.resolve(0),
    retain: () => {
      const answer = waiting.shift() ?? 0;
      return typeof answer === 'number' ? Promise.resolve(answer) : Promise.reject(new Error(answer));
    },
  };
  const sleep = (): Promise<void> => {
    residues.push(unwanted.residue());
    return Promise.resolve();
  };
  const context = { enforcer, clock: { ...clock, sleep }, random: () => 0, log: noted, stopping: stopping.signal };
  const unwanted = releaseUnwanted(context, Promise.resolve(), () => false);
  return { unwanted, residues, left: () => waiting.length };
}

describe('releaseUnwanted', () => {
  it.each([
    ['none is left at once', [0], []],
    ['some are left', [3, 1, 0], [3, 1]],
    ['it cannot be known how many are left', ['no ledger', 2, 'no ledger', 0], [1, 2, 2]],
  ])('goes on until none is left, and counts what is: %s', async (_, answers, counted) => {
    const { unwanted, residues, left } = bench(answers);
    await unwanted.done;
    expect(residues).toEqual(counted);
    expect([unwanted.residue(), left()]).toEqual([0, 0]);
  });
});
