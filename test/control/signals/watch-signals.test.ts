import { describe, expect, it } from 'vitest';
import { isArmedBy } from '../../../src/control/signals/watch-signals.ts';
import type { ExperimentObject } from '../../../src/control/index.ts';

function run(abort: unknown, namespace: string | undefined = 'shop'): ExperimentObject {
  return { apiVersion: '', kind: 'NetworkExperiment', metadata: { name: 'run', namespace }, spec: { abort } };
}

describe('isArmedBy', () => {
  const rule = { monitor: { ref: 'shop-traffic', threshold: 'retry-storm' } };
  it.each([
    ['names it', true, run([{ hypothesis: 'reaches', for: '5s' }, rule])],
    ['names another', false, run([{ monitor: { ref: 'other', threshold: 'retry-storm' } }])],
    ['names its like in another namespace', false, run([rule], 'other')],
    ['has no abort rules', false, run(undefined)],
    ['has rules that cannot be read', false, run([null, 3, { monitor: null }, { monitor: { ref: {} } }])],
    ['has no spec', false, { ...run([]), spec: undefined }],
  ])('of a run that %s: %s', (_what, expected, object) => {
    expect(isArmedBy(object, { namespace: 'shop', name: 'shop-traffic' })).toBe(expected);
  });
});
