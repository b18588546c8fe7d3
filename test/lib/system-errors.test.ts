import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { isForbidden, isMissing, SquallError } from '../../src/lib/index.ts';

function thrownBy(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}
const coded = (code: string): Error => Object.assign(new Error(code), { code });

it('tells what is not there from what may not be looked at, and both from everything else', () => {
  const missing = [thrownBy(() => readFileSync('/nowhere/at/all')), thrownBy(() => process.kill(2 ** 22 + 1)), coded('ESRCH')];
  expect(missing.map((error) => [isMissing(error), isForbidden(error)])).toEqual(missing.map(() => [true, false]));
  expect([coded('EACCES'), coded('EPERM')].map((error) => [isMissing(error), isForbidden(error)])).toEqual([
    [false, true],
    [false, true],
  ]);
  for (const other of [coded('EIO'), thrownBy(() => readFileSync('/')), new SquallError('NotFound', 'x'), 'ENOENT', undefined])
    expect([isMissing(other), isForbidden(other)]).toEqual([false, false]);
});
