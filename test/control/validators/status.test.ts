import { describe, expect, it } from 'vitest';
import { type CheckResult, readSpec } from '../../../src/api/index.ts';
import { type Answer, statusAtBegin, statusAtEnd, type StatusFacts } from '../../../src/control/validators/status.ts';

const validator = readSpec('NetworkModulesValidator', { qdiscs: ['netem'] });
const facts = (changes: Partial<StatusFacts> = {}): StatusFacts => ({
  ...{ generation: 1, validator, before: undefined, selected: ['a', 'b'], now: 0, notSet: [] },
  ...changes,
});
const qdisc = (ok: boolean, found = 'x'): CheckResult => ({
  ...{ check: { check: 'qdisc', qdisc: 'netem' }, ok, expected: 'the kernel has netem', found, remedy: ok ? '' : 'load it' },
});
const answers = (given: Record<string, Answer>) => new Map(Object.entries(given));
const met: Answer = { answer: 'checks', checks: [qdisc(true)], kernel: '6.1' };
const missed: Answer = { answer: 'checks', checks: [qdisc(false)] };

describe('the status of a validator', () => {
  it.each<[string, Record<string, Answer>, object]>([
    ['True where every node has everything', { a: met, b: met }, { status: 'True', reason: 'ChecksHeld' }],
    [
      'False where one has not',
      { a: met, b: missed },
      { status: 'False', reason: 'ChecksFailed', message: 'b: expected that the kernel has netem, found x' },
    ],
    ['False where one has not and another is silent', { a: { answer: 'silence' }, b: missed }, { status: 'False' }],
    ['Unknown where one is silent', { a: { answer: 'silence' }, b: met }, { status: 'Unknown', reason: 'NoAnswer' }],
    ['Unknown where there is no such node', { a: { answer: 'no node' }, b: met }, { status: 'Unknown', reason: 'NoAnswer' }],
  ])('says Valid %s', (_, given, condition) => {
    expect(statusAtEnd(facts(), answers(given)).conditions[0]).toMatchObject({ type: 'Valid', ...condition });
  });

  it('is not Valid where nothing could be checked', () => {
    const { conditions } = statusAtEnd(facts({ selected: ['a'] }), answers({ a: { answer: 'checks', checks: [] } }));
    expect(conditions[0]).toMatchObject({ type: 'Valid', status: 'Unknown', reason: 'NothingChecked' });
  });

  it('is not Valid where it is about no node', () => {
    const { conditions, summary } = statusAtEnd(facts({ selected: [] }), new Map());
    expect({ summary, valid: conditions[0] }).toMatchObject({ summary: '0/0', valid: { status: 'Unknown', reason: 'NoNode' } });
  });

  it('keeps since when a node has had its outcome, and what was found of nodes that were not looked at', () => {
    const first = statusAtEnd(facts(), answers({ a: met, b: missed }));
    const begun = statusAtBegin(facts({ before: first, now: 5000 }), ['b'], false);
    expect(begun.nodes).toEqual(first.nodes);
    const second = statusAtEnd(facts({ before: begun, now: 9000 }), answers({ b: met }));
    expect(second.round).toBeUndefined();
    expect(second.nodes.map(({ node, outcome, since }) => [node, outcome, since])).toEqual([
      ['a', 'Valid', '1970-01-01T00:00:00.000Z'],
      ['b', 'Valid', '1970-01-01T00:00:09.000Z'],
    ]);
    expect(second.summary).toBe('2/2');
  });

  it('names rules that only an experiment can check', () => {
    const ofPods = readSpec('NetworkModulesValidator', {
      sysctlRules: [{ name: 'net.core.somaxconn', atLeast: 1, scope: 'pod' }],
      qdiscs: ['netem'],
    });
    const complete = statusAtEnd(facts({ validator: ofPods }), answers({ a: met, b: met })).conditions[1];
    expect(complete).toMatchObject({ type: 'Complete', status: 'False', reason: 'PodScope' });
    expect(complete?.message).toContain('net.core.somaxconn');
  });

  it('fits into an object of Kubernetes also for a thousand nodes with 64 checks, and loses no failure of a few', () => {
    const selected = Array.from({ length: 1000 }, (_, index) => `node-${String(index)}`);
    const long = 'f'.repeat(1000);
    const checks = [...Array.from({ length: 63 }, () => qdisc(true, long)), qdisc(false, long)];
    const given = new Map<string, Answer>(selected.map((node) => [node, { answer: 'checks', checks }]));
    const { nodes, ...rest } = statusAtEnd(facts({ selected }), given);
    expect(nodes.map(({ checkCount, checks: kept }) => [checkCount, kept.length])).toEqual(selected.map(() => [64, 1]));
    expect(JSON.stringify({ nodes, ...rest }).length).toBeLessThan(1_000_000);
  });
});
