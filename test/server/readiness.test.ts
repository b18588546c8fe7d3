import { expect, test } from 'vitest';
import { readinessOf, type ReadinessFacts } from '../../src/server/index.ts';

const good: ReadinessFacts = { storeRead: true, folderLoaded: true, agent: { heartbeatAgeMs: 9000, residue: 0 } };

test.each<[string, Partial<ReadinessFacts>, string[]]>([
  ['everything is there', {}, []],
  ['the store has not been read', { storeRead: false }, ['StoreNotRead']],
  ['the folder is not loaded', { folderLoaded: false }, ['FolderNotLoaded']],
  ['the agent never reported', { agent: undefined }, ['AgentSilent']],
  ['the agent missed two heartbeats', { agent: { heartbeatAgeMs: 29_000, residue: 0 } }, []],
  ['the agent has been silent for three', { agent: { heartbeatAgeMs: 36_000, residue: 0 } }, ['AgentSilent']],
  ['a former life left something', { agent: { heartbeatAgeMs: 0, residue: 2 } }, ['ResidueLeft']],
  [
    'nothing is there',
    { storeRead: false, folderLoaded: false, agent: undefined },
    ['StoreNotRead', 'FolderNotLoaded', 'AgentSilent'],
  ],
])('when %s, the reasons say so', (_case, changes, reasons) => {
  expect(readinessOf({ ...good, ...changes }).map(({ reason }) => reason)).toEqual(reasons);
});
