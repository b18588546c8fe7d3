import { expect, test } from 'vitest';
import { observerReadiness } from '../../../src/cluster/index.ts';

const well = { leads: true, silentMs: 900, leaseSeconds: 5 };

test.each([
  ['it watches', well, undefined, []],
  ['another one watches', { ...well, leads: false }, undefined, ['StandingBy']],
  ['the API server is silent for longer than the Lease lasts', { ...well, silentMs: 5001 }, undefined, ['StoreSilent']],
  ['it had to stop, since the API server is silent', { ...well, leads: false, silentMs: 9000 }, undefined, ['StoreSilent']],
  ['its port is in use', well, 'port 6343 is in use', ['CollectorNotOpen']],
  ['it stands by, and its port is in use', { ...well, leads: false }, 'in use', ['StandingBy', 'CollectorNotOpen']],
])('when %s', (_what, facts, failure, reasons) => {
  const found = observerReadiness(facts, failure);
  expect(found.map(({ reason }) => reason)).toEqual(reasons);
  if (failure !== undefined) expect(found.at(-1)?.message).toBe(failure);
});
