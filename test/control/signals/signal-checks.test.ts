import { expect, it } from 'vitest';
import { signalChecks } from '../../../src/control/signals/signal-checks.ts';

it.each([
  ['quiet', true],
  ['learning', true],
  ['waiting', false],
  ['firing', false],
  ['undecidable', false],
  ['lost', false],
  ['missing', false],
] as const)('a signal that is %s is a check of preflight that is met: %s, and one that is not names a remedy', (state, ok) => {
  const [check] = signalChecks([{ monitor: 'shop-traffic', threshold: 'retry-storm', state, message: 'it says so' }]);
  expect(check).toMatchObject({ node: 'shop-traffic', name: 'threshold retry-storm', ok, found: `${state}: it says so` });
  expect(check?.remedy === '').toBe(ok);
});
