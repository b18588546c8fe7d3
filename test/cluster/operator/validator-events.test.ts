import { describe, expect, it } from 'vitest';
import type { NodeOutcome } from '../../../src/api/index.ts';
import { eventOfNodeOutcome } from '../../../src/cluster/operator/validator-events.ts';

const change = (outcome: NodeOutcome, round = 1) => {
  const ok = outcome === 'Valid';
  const check = { name: 'qdisc netem', ok, expected: 'the kernel has netem', found: 'none', remedy: 'load it' };
  const node = { node: 'worker-1', outcome, since: '', checkCount: 1, checks: [check] };
  return { validator: { name: 'ready', uid: 'uid-v' }, round, node, nodeUid: 'uid-n' };
};

describe('the event of a node whose outcome changed', () => {
  it.each([
    ['Valid', 'Normal', 'ValidatorMet', 'NetworkModulesValidator ready: all 1 checks hold'],
    [
      'Invalid',
      'Warning',
      'ValidatorNotMet',
      'NetworkModulesValidator ready: expected that the kernel has netem, found none; load it',
    ],
    [
      'Unknown',
      'Warning',
      'ValidatorUnanswered',
      'NetworkModulesValidator ready: expected that the kernel has netem, found none; load it',
    ],
  ] as const)('to %s is %s %s', (outcome, type, reason, note) => {
    const event = eventOfNodeOutcome(change(outcome));
    expect(event).toMatchObject({ type, reason, note, regarding: { kind: 'Node', name: 'worker-1', uid: 'uid-n' } });
    expect(event.regarding.namespace).toBeUndefined();
  });

  it('has a name of its own for each change, and the same when it is told again', () => {
    const names = [change('Valid'), change('Invalid'), change('Valid', 2)].map((one) => eventOfNodeOutcome(one).name);
    expect(new Set(names).size).toBe(3);
    expect(eventOfNodeOutcome(change('Valid')).name).toBe(names[0]);
  });
});
