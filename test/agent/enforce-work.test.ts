import { expect, it } from 'vitest';
import type { AgentContext, StoredTask } from '../../src/agent/context.ts';
import { startEnforceWork } from '../../src/agent/enforce-work.ts';

it('goes on setting back, and counts it, where it cannot be known what is left', async () => {
  const answers = [() => Promise.reject(new Error('no ledger')), () => Promise.resolve(2), () => Promise.resolve(0)];
  const residues: number[] = [];
  const context: Partial<AgentContext> = {
    enforcer: {
      apply: () => Promise.resolve([]),
      release: () => answers.shift()?.() ?? Promise.resolve(0),
      retain: () => Promise.resolve(0),
    },
    clock: {
      now: () => 0,
      monotonic: () => 0,
      sleep: () => {
        residues.push(work.residue?.() ?? 0);
        return Promise.resolve();
      },
    },
    random: () => 0,
    log: () => undefined,
    stopping: new AbortController().signal,
  };
  const task = { metadata: { name: 'enforce' }, spec: { run: { uid: 'a', name: 'ready' }, generation: 0, order: 'apply' } };
  const work = startEnforceWork(context as AgentContext, task as StoredTask);
  work.end('TaskDeleted');
  await work.done;
  expect(residues).toEqual([1, 2]);
  expect([work.residue?.(), answers]).toEqual([0, []]);
});
