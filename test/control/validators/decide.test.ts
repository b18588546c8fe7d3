import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ValidatorStatus } from '../../../src/api/index.ts';
import { askUnknownAfterMs, decideStep, selectNodes, type ValidationFacts } from '../../../src/control/validators/decide.ts';
import type { Node } from '../../../src/control/world.ts';

const now = Date.parse('2026-01-01T12:00:00Z');

const status = (changes: Partial<ValidatorStatus> = {}): ValidatorStatus => ({
  observedGeneration: 1,
  checkedAt: '2026-01-01T11:59:00Z',
  rounds: 1,
  summary: '1/1',
  nodes: [{ node: 'a', outcome: 'Valid', since: '2026-01-01T11:00:00Z', checkCount: 0, checks: [] }],
  conditions: [],
  ...changes,
});
const silent = { node: 'a', outcome: 'Unknown' as const, since: '2026-01-01T11:00:00Z', checkCount: 0, checks: [] };
const round = (generation: number) => ({ number: 2, generation, startedAt: '2026-01-01T11:59:59Z', nodes: ['a'] });
const decide = (changes: Partial<ValidationFacts> = {}) =>
  decideStep({ generation: 1, validator: {}, status: status(), selected: ['a'], now, ...changes });

const whole = { step: 'begin', nodes: ['a'], isWhole: true };

describe('decideStep', () => {
  it.each<[string, Partial<ValidationFacts>, ReturnType<typeof decideStep>]>([
    ['looks at every node when it is new', { status: undefined }, whole as ReturnType<typeof decideStep>],
    ['looks once where it has no period', {}, { step: 'wait' }],
    ['looks again when its spec has changed', { generation: 2 }, { step: 'begin', nodes: ['a'], isWhole: true }],
    ['goes on with the round that is under way', { status: status({ round: round(1) }) }, { step: 'collect' }],
    [
      'begins anew when its spec has changed meanwhile',
      { status: status({ round: round(1) }), generation: 2 },
      { step: 'begin', nodes: ['a'], isWhole: true },
    ],
    ['waits for the end of its period', { validator: { periodMs: 90_000 } }, { step: 'wait', milliseconds: 30_000 }],
    ['looks again when its period is over', { validator: { periodMs: 60_000 } }, { step: 'begin', nodes: ['a'], isWhole: true }],
    [
      'looks again when the clock was set back',
      { validator: { periodMs: 60_000 }, now: now - 3_600_000 },
      { step: 'begin', nodes: ['a'], isWhole: true },
    ],
    [
      'looks again where a node did not answer, though it has no period',
      { status: status({ nodes: [silent] }), now: now + askUnknownAfterMs - 60_000 },
      { step: 'begin', nodes: ['a'], isWhole: true },
    ],
    ['looks at new nodes alone', { selected: ['a', 'b', 'c'] }, { step: 'begin', nodes: ['b', 'c'], isWhole: false }],
    ['forgets nodes that have gone', { selected: [] }, { step: 'forget' }],
  ])('%s', (_, changes, step) => {
    expect(decide(changes)).toEqual(step);
  });

  it('never waits longer than a period', () => {
    const instant = fc.integer({ min: now - 1e9, max: now + 1e9 });
    fc.assert(
      fc.property(fc.integer({ min: 10_000, max: 86_400_000 }), instant, (periodMs, at) => {
        const step = decide({ validator: { periodMs }, now: at });
        if (step.step === 'wait') expect(step.milliseconds).toBeLessThanOrEqual(periodMs);
        else expect(step.step).toBe('begin');
      }),
    );
  });
});

describe('selectNodes', () => {
  const node = (name: string, role: string): Node => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { role } },
    spec: {},
  });
  const nodes = [node('b', 'edge'), node('a', 'core')];
  it.each([
    [{ choice: 'all' as const }, ['a', 'b']],
    [{ choice: 'names' as const, names: ['b', 'gone', 'b'] }, ['b', 'gone']],
    [{ choice: 'selector' as const, selector: { matchLabels: { role: 'edge' } } }, ['b']],
    [{ choice: 'selector' as const, selector: { matchLabels: { role: 'none' } } }, []],
  ])('by %j are %j', (choice, names) => {
    expect(selectNodes({ nodes: choice }, nodes)).toEqual(names);
  });
});
