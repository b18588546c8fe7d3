import { describe, expect, it } from 'vitest';
import { agentReadinessOf } from '../../src/server/index.ts';

describe("a node's agent is ready", () => {
  const well = { storeRead: true, serverAwayMs: undefined, residue: 0 };

  it('when it has swept, has read its tasks, hears from the server, and left nothing behind', () => {
    expect(agentReadinessOf(well)).toEqual([]);
  });

  it.each([
    ['has not swept', undefined, ['NotSwept']],
    ['has not read its tasks', { ...well, storeRead: false }, ['StoreNotRead']],
    ['does not hear from the server', { ...well, serverAwayMs: 90_000 }, ['StoreSilent']],
    ['has left something', { ...well, residue: 2 }, ['ResidueLeft']],
    [
      'is in all these troubles',
      { storeRead: false, serverAwayMs: 1, residue: 1 },
      ['StoreNotRead', 'StoreSilent', 'ResidueLeft'],
    ],
  ])('but not when it %s', (_, facts, reasons) => {
    expect(agentReadinessOf(facts).map(({ reason }) => reason)).toEqual(reasons);
  });
});
