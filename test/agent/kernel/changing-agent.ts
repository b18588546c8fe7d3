/** Stands for an agent that is in the middle of a change: makes the one that it is told to, with the programs that it finds. */
import { stat } from 'node:fs/promises';
import type { Change } from '../../../src/agent/kernel/one-shell.ts';
import { createPrograms } from '../../../src/agent/kernel/programs.ts';
import { createLimiter } from '../../../src/agent/limiter.ts';

const [path = '', change = ''] = process.argv.slice(2);
const namespaces = {
  find: () => Promise.resolve(undefined),
  pathOf: () => Promise.resolve(path),
  list: () => Promise.resolve([]),
};
const namespace = { podUid: 'pod', path, inode: (await stat(path)).ino };
await createPrograms(createLimiter(2), namespaces).changeAndRead(namespace, JSON.parse(change) as Change, ['qdiscs']);
